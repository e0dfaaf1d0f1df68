"""Make the brain MR: 24 axial slices of a real T1 volume, as a scanner has them before anybody's name is on them.

Source: the Colin27 average, `ch2.nii.gz` of the Debian package mricron-data. Run from anywhere in the checkout:

    python data/mr_brain/make.py /usr/share/mricron/templates/ch2.nii.gz

It needs nibabel (a development extra). Running it again gives identical bytes. Provenance and licence: README.md.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import nibabel
import numpy as np
from pydicom import Dataset
from pydicom.uid import MRImageStorage

from hl7dicom_lab.dicom.acquisition import write_acquisition

#: SHA-256 of the voxels that the images were made from, 181 x 217 x 181 bytes.
SOURCE_DIGEST = "f5a6ac5d280552d299bc4fb0e6724485f25bad45f69117e87fa5880ebdcce7af"

FIRST_VOXEL = 18  # below it there is only neck and jaw
SLICES = 24
THICKNESS = 6  # voxels of 1 mm that make one slab
MATRIX = 256
GAIN = 15  # 254, the highest value of the source, becomes 3810 of the 4095 that 12 bits hold
NOISE = 22  # standard deviation of each noise channel, in stored values
SEED = 27

WHAT_WAS_DONE = (
    "Colin27 average (27 T1-weighted scans of one volunteer, registered and averaged; Holmes et al. 1998), as "
    "ch2.nii.gz of MRIcron. Means over 6 voxels, padded to 256 x 256 without resampling, LPS orientation, scaled to "
    "12 bits, Rician noise added. Not a clinical image; for teaching only."
)


def slabs(voxels: np.ndarray) -> np.ndarray:
    """Means over 6 voxels from foot to head, shape (24, rows, columns), rows to posterior, columns to patient left.

    The volume is RAS+: its first index grows to the right, the second to anterior. DICOM's patient coordinates are
    LPS+ (PS3.3 C.7.6.2.1.1), hence both are reversed.
    """
    used = voxels[:, :, FIRST_VOXEL : FIRST_VOXEL + SLICES * THICKNESS].astype(np.float64)
    means = used.reshape(*used.shape[:2], SLICES, THICKNESS).mean(axis=3)
    return np.ascontiguousarray(means[::-1, ::-1, :].transpose(2, 1, 0))


def padding(length: int) -> tuple[int, int]:
    """Empty pixels before and after, that make `length` pixels a line of the matrix."""
    before = (MATRIX - length) // 2
    return before, MATRIX - length - before


def with_rician_noise(signal: np.ndarray) -> np.ndarray:
    """The magnitude of a signal that has Gaussian noise in both channels, as every magnitude MR image has.

    RandomState, not Generator: its stream is frozen (numpy NEP 19), so every numpy gives the same noise.
    """
    random = np.random.RandomState(SEED)
    real = signal + random.normal(0, NOISE, signal.shape)
    imaginary = random.normal(0, NOISE, signal.shape)
    return np.hypot(real, imaginary)


def acquisition(number: int, pixels: np.ndarray, position: tuple[float, float, float]) -> Dataset:
    """Slice `number` as a data set: `pixels` as uint16, `position` the centre of the first pixel in mm, LPS."""
    ds = Dataset()
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    ds.SOPClassUID = MRImageStorage
    ds.Modality = "MR"
    ds.Manufacturer = "hl7dicom_lab (derived image)"
    ds.SeriesDescription = "T1 axial 6 mm"
    ds.DerivationDescription = WHAT_WAS_DONE
    ds.BodyPartExamined = "BRAIN"
    ds.ScanningSequence = "GR"
    ds.SequenceVariant = "SP"
    ds.ScanOptions = None
    ds.MRAcquisitionType = "3D"
    # The volume does not carry these three (type 2 or 2C: empty means unknown). They are not made up here.
    ds.RepetitionTime = None
    ds.EchoTime = None
    ds.EchoTrainLength = None
    ds.SliceThickness = THICKNESS
    ds.SpacingBetweenSlices = THICKNESS
    ds.ProtocolName = "T1 axial"
    ds.PatientPosition = "HFS"
    ds.AcquisitionNumber = 1
    ds.InstanceNumber = number
    ds.ImagePositionPatient = list(position)
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.PositionReferenceIndicator = None
    ds.SliceLocation = position[2]
    describe_pixels(ds, pixels)
    return ds


def describe_pixels(ds: Dataset, pixels: np.ndarray) -> None:
    """The Image Pixel module, and a window that shows grey and white matter apart."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.PixelSpacing = [1, 1]
    ds.BitsAllocated = 16
    ds.BitsStored = 12
    ds.HighBit = 11
    ds.PixelRepresentation = 0
    ds.BurnedInAnnotation = "NO"
    ds.WindowCenter = 950
    ds.WindowWidth = 1700
    ds.PixelData = pixels.astype("<u2").tobytes()


def main(source: Path, target: Path) -> None:
    """Write slice_01.dcm to slice_24.dcm into `target`."""
    image = nibabel.load(source)
    voxels = np.asanyarray(image.dataobj)
    if hashlib.sha256(voxels.tobytes()).hexdigest() != SOURCE_DIGEST:
        sys.exit(f"{source} is another volume than the one that these images come from.")
    means = slabs(voxels)
    _, rows, columns = means.shape
    padded = np.pad(means * GAIN, ((0, 0), padding(rows), padding(columns)))
    pixels = np.rint(with_rician_noise(padded)).clip(0, 4095).astype(np.uint16)
    # The far corner of the RAS+ volume is the first pixel here; its coordinates change sign from RAS to LPS.
    right, anterior, foot = image.affine[:3, 3] + (columns - 1, rows - 1, FIRST_VOXEL + (THICKNESS - 1) / 2)
    x, y = -right - padding(columns)[0], -anterior - padding(rows)[0]
    for index, slice_ in enumerate(pixels):
        ds = acquisition(index + 1, slice_, (float(x), float(y), float(foot + index * THICKNESS)))
        write_acquisition(ds, target / f"slice_{index + 1:02}.dcm")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).resolve().parent)
