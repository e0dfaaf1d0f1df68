"""The course's images, once they have an identity, hold before programs that are not ours.

`dciodvfy` (dicom3tools) compares each image with its IOD in PS3.3; `dcm2niix` puts the MR slices together again, and
the volume has to be where the source volume was.
"""

from __future__ import annotations

import gzip
import runpy
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab.clock import Mint
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series

pytestmark = pytest.mark.interop

SYSTEM_PROGRAMS = "/usr/bin"


def program(name: str) -> str:
    """The system's program of that name: Python packages install some of the same names."""
    path = shutil.which(name, path=SYSTEM_PROGRAMS)
    assert path, f"{name} is not installed; .ci/run names the Debian package"
    return path


def tagged(series: tuple[Dataset, ...], folder: Path) -> list[Path]:
    """Give the series an identity, as a modality does, and write it as Part 10 files."""
    mint, paths = Mint(seed=2), []
    study, series_uid, frame = (mint.uid_for(name) for name in ("study", "series", "frame"))
    for ds in series:
        ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Example^Elif", "MRN-1", "19700101", "F"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series_uid
        ds.SOPInstanceUID = mint.uid_for(f"instance {ds.InstanceNumber}")
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20260302"
        ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "081500"
        ds.AccessionNumber, ds.StudyID, ds.SeriesNumber = "ACC1", "RP1", 1
        ds.ReferringPhysicianName = "Referrer^Rosa"
        if "ImagePositionPatient" in ds:
            ds.FrameOfReferenceUID = frame
        del ds.file_meta.FileMetaInformationGroupLength
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        paths.append(folder / f"{ds.Modality}{int(ds.InstanceNumber):02}.dcm")
        dcmwrite(paths[-1], ds, enforce_file_format=True)
    return paths


@pytest.mark.parametrize("name", ["mr_brain", "cr_chest", "ct_slice"])
def test_dciodvfy_finds_no_error_in_a_tagged_image(name, tmp_path):
    for path in tagged(read_series(data_folder() / name), tmp_path):
        finished = subprocess.run([program("dciodvfy"), path], capture_output=True, text=True, timeout=60, check=False)
        complaints = [line for line in finished.stderr.splitlines() if line.startswith(("Error", "Warning"))]
        print(finished.stderr)
        assert complaints == []


def test_every_tagged_image_is_read_by_dcmtk(tmp_path):
    for name in ("mr_brain", "cr_chest", "ct_slice"):
        for path in tagged(read_series(data_folder() / name), tmp_path):
            subprocess.run([program("dcmftest"), path], check=True, capture_output=True, timeout=60)


# ---- the MR series as a volume


class Nifti:
    """The few fields of a NIfTI-1 file that say where each voxel is (nifti1.h), without nibabel."""

    def __init__(self, raw: bytes) -> None:
        assert struct.unpack_from("<i", raw, 0)[0] == 348, "a little-endian NIfTI-1 header has 348 bytes"
        dim = struct.unpack_from("<8h", raw, 40)
        self.shape = dim[1 : dim[0] + 1]
        dtype = {2: np.uint8, 4: np.int16, 512: np.uint16}[struct.unpack_from("<h", raw, 70)[0]]
        self.spacing = struct.unpack_from("<3f", raw, 80)
        self.affine = np.vstack([np.array(struct.unpack_from("<12f", raw, 280)).reshape(3, 4), [0, 0, 0, 1]])
        offset = int(struct.unpack_from("<f", raw, 108)[0])
        voxels = np.frombuffer(raw, np.dtype(dtype).newbyteorder("<"), int(np.prod(self.shape)), offset)
        self.voxels = voxels.reshape(self.shape, order="F")

    def values_at(self, world: np.ndarray) -> np.ndarray:
        """Voxels nearest to points in RAS millimetres, `world` of shape (..., 3); 0 outside."""
        inverse = np.linalg.inv(self.affine)
        index = np.rint(world @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
        inside = np.all((index >= 0) & (index < np.array(self.shape)), axis=-1)
        clipped = np.clip(index, 0, np.array(self.shape) - 1)
        return np.where(inside, self.voxels[tuple(np.moveaxis(clipped, -1, 0))], 0)


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> Nifti:
    """The tagged MR series, made a volume by dcm2niix."""
    folder, out = tmp_path_factory.mktemp("mr"), tmp_path_factory.mktemp("nifti")
    tagged(read_series(data_folder() / "mr_brain"), folder)
    command = [program("dcm2niix"), "-z", "n", "-b", "n", "-f", "brain", "-o", str(out), str(folder)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (path,) = out.glob("*.nii")
    return Nifti(path.read_bytes())


def world_of_pixels(ds: Dataset) -> np.ndarray:
    """Where the centre of each pixel is, in RAS millimetres, (rows, columns, 3): PS3.3 C.7.6.2.1.1, x and y negated."""
    across, down = np.array(ds.ImageOrientationPatient[:3], float), np.array(ds.ImageOrientationPatient[3:], float)
    rows, columns = np.mgrid[0 : ds.Rows, 0 : ds.Columns]
    spacing = [float(value) for value in ds.PixelSpacing]
    lps = np.array(ds.ImagePositionPatient, float) + np.multiply.outer(columns * spacing[1], across)
    lps = lps + np.multiply.outer(rows * spacing[0], down)
    return lps * (-1, -1, 1)


def test_dcm2niix_makes_one_volume_of_the_right_size_and_spacing(converted):
    assert converted.shape == (256, 256, 24)
    assert converted.spacing == (1.0, 1.0, 6.0)
    assert np.allclose(np.abs(converted.affine[:3, :3]), np.diag([1, 1, 6]))


def test_dcm2niix_puts_every_pixel_where_the_image_says(converted):
    for ds in read_series(data_folder() / "mr_brain"):
        assert np.array_equal(converted.values_at(world_of_pixels(ds)), ds.pixel_array)


def test_the_volume_lies_on_the_source_volume(converted):
    """At each point the mean of the source's six voxels, times the gain of make.py; the noise is all that differs."""
    source_path = Path("/usr/share/mricron/templates/ch2.nii.gz")
    assert source_path.exists(), "Debian's mricron-data is not installed; .ci/run names it"
    source = Nifti(gzip.decompress(source_path.read_bytes()))
    for ds in read_series(data_folder() / "mr_brain"):
        world = world_of_pixels(ds)
        expected = 15 * np.mean([source.values_at(world + np.array([0, 0, up - 2.5])) for up in range(6)], axis=0)
        difference = converted.values_at(world)[expected > 300] - expected[expected > 300]
        assert abs(difference.mean()) < 2
        assert difference.std() == pytest.approx(22, rel=0.05)


def test_making_the_brain_again_gives_identical_bytes(tmp_path):
    make = runpy.run_path(str(data_folder() / "mr_brain" / "make.py"))["main"]
    make(Path("/usr/share/mricron/templates/ch2.nii.gz"), tmp_path)
    stored = sorted((data_folder() / "mr_brain").glob("*.dcm"))
    assert [path.name for path in sorted(tmp_path.iterdir())] == [path.name for path in stored]
    for path in stored:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
