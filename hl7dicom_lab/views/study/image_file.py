"""Part 10 files of the archive, read for display.

Clinical step: a study is opened. Standard: PS3.10 section 7.1. Rule: the files came from anybody's scanner; a value
that breaks its value representation is shown as it came, and nothing warns on the screen of the person who reads.
"""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset
from pydicom.filereader import read_file_meta_info

from hl7dicom_lab.dicom.reading import read_data_set

_PIXEL_DATA = 0x7FE00010
_BEFORE_META = 132  # preamble and DICM
_GROUP_LENGTH_ELEMENT = 12


def read_header(path: Path) -> Dataset:
    """The data set without its pixels."""
    return _read(path, before=_PIXEL_DATA)


def read_whole(path: Path) -> Dataset:
    """The data set with its pixels, not decoded."""
    return _read(path, before=0xFFFFFFFF)


def text_of(ds: Dataset, keyword: str) -> str:
    """A value as text without the spaces around it; "" where there is none."""
    return str(ds.get(keyword) or "").strip()


def _read(path: Path, before: int) -> Dataset:
    meta = read_file_meta_info(path)
    start = _BEFORE_META + _GROUP_LENGTH_ELEMENT + meta.FileMetaInformationGroupLength
    ds = read_data_set(path.read_bytes()[start:], str(meta.TransferSyntaxUID), before=before)
    ds.file_meta = meta
    return ds
