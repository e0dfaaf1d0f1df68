"""One image as it came with a C-STORE: whether it is what its command says, and can be read to its end.

Clinical step: the archive takes an image from a scanner (IHE RAD-8). Standard: PS3.4 section B.2, PS3.5 sections 8 and
9, PS3.3 section C.7.6.3. Rule: what is stored can be opened again. An image that cannot be decoded, that has fewer
pixels than its rows and columns say, or whose identity contradicts the command is refused, with a status that says why.
"""

from __future__ import annotations

import re

from pydicom.dataset import Dataset

from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.elements import PIXEL_DATA, Element, Encoding, find_elements
from hl7dicom_lab.dicom.reading import read_elements
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.model import ReceivedInstance

#: PS3.5 section 9.1: numbers without leading zeros, separated by dots, at most 64 characters.
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+", re.ASCII)
_LONGEST_UID = 64


def check_instance(received: ReceivedInstance) -> Dataset:
    """The header of an instance that may be kept: its elements before the pixel data.

    Raises `DicomFault`: 0xA900, no data set, or an identity that is missing or is not the command's; 0xC000, not
    decodable; 0xC002, a malformed UID; 0xC003, pixel data that is too short or not encoded as its syntax asks.
    """
    if not received.data_set:
        raise _mismatch("the request has no data set", "", "send the instance with its command")
    check_uid(received.sop_class_uid, "SOPClassUID")
    check_uid(received.sop_instance_uid, "SOPInstanceUID")
    header = read_instance(received.data_set, received.transfer_syntax_uid)
    _check_same(header, "SOPClassUID", received.sop_class_uid)
    _check_same(header, "SOPInstanceUID", received.sop_instance_uid)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        check_uid(_text(header, keyword), keyword)
    return header


def read_instance(data_set: bytes, transfer_syntax_uid: str) -> Dataset:
    """The elements before the pixel data, once the whole data set is found to be sound.

    Raises `DicomFault` as `check_instance` does, but for what concerns the command.
    """
    encoding = Encoding.of(transfer_syntax_uid)
    elements = find_elements(data_set, encoding)
    header = read_elements(data_set, [element for element in elements if element.tag < PIXEL_DATA], encoding)
    pixels = next((element for element in elements if element.tag == PIXEL_DATA), None)
    if pixels is not None:
        _check_pixels(pixels, header, encoding)
    return header


def check_uid(uid: str, keyword: str) -> None:
    """Raise `DicomFault`: 0xA900 where there is no UID, 0xC002 where it is none (PS3.5 section 9.1)."""
    if not uid:
        raise _mismatch(f"{keyword} is empty", keyword, "give every instance, series and study its UID")
    if len(uid) > _LONGEST_UID or not _UID.fullmatch(uid):
        raise DicomFault(
            f"{keyword} is no UID",
            status=status.INVALID_UID,
            keyword=keyword,
            next_step="use digits and dots, no leading zero in a number, at most 64 characters (PS3.5 section 9.1)",
        )


def _check_same(header: Dataset, keyword: str, in_command: str) -> None:
    if _text(header, keyword) != in_command:
        raise _mismatch(
            f"{keyword} differs between command and data set",
            keyword,
            "send the command's Affected SOP Class and Instance UID as they stand in the data set (PS3.4 section B.2)",
        )


def _text(header: Dataset, keyword: str) -> str:
    value = header.get(keyword)
    return str(value) if isinstance(value, str) else ""


def _mismatch(what: str, keyword: str, next_step: str) -> DicomFault:
    return DicomFault(what, status=status.DOES_NOT_MATCH_SOP_CLASS, keyword=keyword, next_step=next_step)


def _check_pixels(pixels: Element, header: Dataset, encoding: Encoding) -> None:
    if encoding.encapsulated != pixels.closed_by_delimiter:
        asked = "encapsulated" if encoding.encapsulated else "native"
        raise _pixel_fault(f"the transfer syntax asks for {asked} pixel data (PS3.5 section A.4)")
    if encoding.encapsulated:
        return
    expected = _native_length(header)
    present = pixels.end - pixels.start
    if present < expected:
        raise _pixel_fault(f"pixel data has {present} bytes, the image pixel module says {expected}")


def _native_length(header: Dataset) -> int:
    """The bytes of unencapsulated pixels (PS3.5 section 8.1.1), 0 where the header does not say."""
    samples = _number(header, "SamplesPerPixel", 1)
    if header.get("PhotometricInterpretation") == "YBR_FULL_422":
        samples = 2  # two pixels share their colour differences (PS3.3 section C.7.6.3.1.2)
    frames = max(1, _number(header, "NumberOfFrames", 1))
    values = _number(header, "Rows") * _number(header, "Columns") * samples * frames
    return (values * _number(header, "BitsAllocated") + 7) // 8


def _number(header: Dataset, keyword: str, otherwise: int = 0) -> int:
    value = header.get(keyword)
    return int(value) if isinstance(value, int) else otherwise


def _pixel_fault(what: str) -> DicomFault:
    return DicomFault(
        what,
        status=status.PIXEL_DATA_WRONG,
        keyword="PixelData",
        next_step="send all pixels: rows by columns by samples by bits allocated, for every frame",
    )
