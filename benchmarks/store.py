"""Goal B1: images of 526 KB a second, from DCMTK's `storescu` on one association.

The lab's archive checks each instance, writes it and its index entry, and answers once both are there; one with a home
waits until the disk has them, which no peer does. Rules: each round sends instances that nobody has seen; each
contestant holds every one of them afterwards, with the same pixels.
"""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRLittleEndian

from benchmarks.bench import Bench
from benchmarks.department import PACS, department
from benchmarks.measure import Outcome, alternate
from benchmarks.peers import orthanc, pynetdicom_storescp, storescp
from benchmarks.processes import AbsentError, need, start_all

_LAB, _HOME = "lab", "lab with a home"
_SIDE = 512  # pixels: 524,288 bytes
_CT = UID("1.2.840.10008.5.1.4.1.1.2")
#: Name, how it is started in a folder, AE title, and what is promised against it.
_PEERS = (
    ("storescp as it comes", storescp.storescp, storescp.AE_TITLE, 20.0),
    ("Orthanc", orthanc.orthanc, orthanc.AE_TITLE, 4.0),
    ("pynetdicom's storescp", pynetdicom_storescp.pynetdicom_storescp, pynetdicom_storescp.AE_TITLE, 2.0),
)


def measure(bench: Bench) -> Iterator[Outcome]:
    """All peers that are here, in turns."""
    bench.say("storing")
    try:
        storescu = need("storescu", "dcmtk")
    except AbsentError as error:
        yield Outcome("B1", "images by storescu", "/s", (), (), "storescp", bench.promised(20), str(error))
        return
    numbers, count = itertools.count(1), bench.sized(100)
    with ExitStack() as stack:
        contestants, kept, absent = _start(bench, stack)
        sent = {name: dict[str, str]() for name in contestants}
        told = alternate(
            {
                name: _stores([storescu, "-aec", title, "127.0.0.1", str(port)], bench, numbers, count, sent[name])
                for name, (port, title) in contestants.items()
            },
            bench.rounds,
        )
        for name, folder in kept.items():
            if _digests(folder) != sent[name]:
                raise RuntimeError(f"{name} does not hold what was sent to it")
    for peer, _, _, wanted in _PEERS:
        other = told.get(peer, ())
        yield Outcome("B1", "images by storescu", "/s", told[_LAB], other, peer, bench.promised(wanted), absent)
        yield Outcome("B1", "images by storescu, safe on the disk", "/s", told[_HOME], other, peer, 0, absent)


def _start(bench: Bench, stack: ExitStack) -> tuple[dict[str, tuple[int, str]], dict[str, Path], str]:
    """Port and AE title of each contestant, the folder in which it keeps what it gets, and who is absent."""
    folders = {name: bench.new_folder(name.split(" ")[0]) for name in (_LAB, _HOME, *(one[0] for one in _PEERS))}
    lab = stack.enter_context(department(None, within=folders[_LAB]))
    home = stack.enter_context(department(folders[_HOME]))
    ports, absent = start_all(stack, {name: partial(start, folders[name]) for name, start, _, _ in _PEERS})
    titles = {name: title for name, _, title, _ in _PEERS}
    contestants = {_LAB: (lab.storage, PACS), _HOME: (home.storage, PACS)} | {
        name: (port, titles[name]) for name, port in ports.items()
    }
    return contestants, {name: folders[name] for name in contestants}, absent


def _stores(
    command: list[str], bench: Bench, numbers: Iterator[int], count: int, sent: dict[str, str]
) -> Callable[[], float]:
    """Sends images that are new; images a second. What was sent is added to `sent`, with the digest of its pixels."""

    def store() -> float:
        folder = bench.new_folder("images")
        files = [_image(folder, next(numbers), sent) for _ in range(count)]
        begun = time.perf_counter()
        subprocess.run([*command, *files], check=True, timeout=300, stdout=subprocess.DEVNULL)
        return count / (time.perf_counter() - begun)

    return store


def _image(folder: Path, number: int, sent: dict[str, str]) -> str:
    """Write an image whose pixels are made from its number; its path."""
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = _CT, UID(f"2.25.77{number}")
    image.PatientName, image.PatientID, image.PatientBirthDate, image.PatientSex = "RIVERA^ELENA", "P1", "19840617", "F"
    image.AccessionNumber, image.Modality = "", "CT"
    image.StudyInstanceUID, image.SeriesInstanceUID = UID("2.25.7701"), UID("2.25.7702")
    image.StudyDate, image.StudyTime, image.StudyID, image.SeriesNumber = "20260302", "093000", "1", 1
    image.ReferringPhysicianName, image.InstanceNumber = "", number
    image.Rows = image.Columns = _SIDE
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.PixelData = np.random.default_rng(number).integers(0, 4096, (_SIDE, _SIDE), np.uint16).tobytes()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = folder / f"{number}.dcm"
    image.save_as(path, enforce_file_format=True)
    sent[image.SOPInstanceUID] = hashlib.sha256(image.PixelData).hexdigest()
    return str(path)


def _digests(folder: Path) -> dict[str, str]:
    """The digest of the pixels of every instance in a folder, by SOPInstanceUID."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            try:
                image = dcmread(path)
            except InvalidDicomError:
                continue  # an index
            if "PixelData" in image:
                found[str(image.SOPInstanceUID)] = hashlib.sha256(image.PixelData).hexdigest()
    return found
