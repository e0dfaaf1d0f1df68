"""SOP classes and transfer syntaxes that the department's systems speak (PS3.4 Annexes A, B, C, K; PS3.5 section 10).

Rule: what is offered here can be kept and opened again. Deflated transfer syntaxes are never offered: a small data set
may inflate to any size.
"""

from __future__ import annotations

from pydicom import uid
from pydicom.uid import UID

#: PS3.4 section A.4.
VERIFICATION = UID("1.2.840.10008.1.1")
#: Modality Worklist Information Model - FIND, PS3.4 section K.6.1.4.
MODALITY_WORKLIST_FIND = UID("1.2.840.10008.5.1.4.31")
#: Study Root Query/Retrieve Information Model - FIND, PS3.4 section C.6.2.3.
STUDY_ROOT_FIND = UID("1.2.840.10008.5.1.4.1.2.2.1")
STUDY_ROOT_GET = UID("1.2.840.10008.5.1.4.1.2.2.3")

#: In the order in which we prefer them. Every application entity has to know Implicit VR Little Endian.
UNCOMPRESSED = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian)
COMPRESSED = (
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.RLELossless,
)

#: PS3.4 section B.5: images.
IMAGE_STORAGE = (
    uid.MRImageStorage,
    uid.EnhancedMRImageStorage,
    uid.CTImageStorage,
    uid.EnhancedCTImageStorage,
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.DigitalMammographyXRayImageStorageForPresentation,
    uid.DigitalMammographyXRayImageStorageForProcessing,
    uid.UltrasoundImageStorage,
    uid.UltrasoundMultiFrameImageStorage,
    uid.XRayAngiographicImageStorage,
    uid.XRayRadiofluoroscopicImageStorage,
    uid.NuclearMedicineImageStorage,
    uid.PositronEmissionTomographyImageStorage,
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameSingleBitSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
    uid.VLPhotographicImageStorage,
)

#: PS3.4 section B.5: documents, and states of their presentation.
DOCUMENT_STORAGE = (
    uid.EncapsulatedPDFStorage,
    uid.BasicTextSRStorage,
    uid.EnhancedSRStorage,
    uid.ComprehensiveSRStorage,
    uid.KeyObjectSelectionDocumentStorage,
    uid.GrayscaleSoftcopyPresentationStateStorage,
)
