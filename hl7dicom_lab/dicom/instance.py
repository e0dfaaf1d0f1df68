"""One image as it came with a C-STORE: whether it is what its command says, and can be read to its end.

Clinical step: the archive takes an image from a scanner (IHE RAD-8). Standard: PS3.4 section B.2, PS3.5 sections 7, 8
and 9, PS3.3 section C.7.6.3. Rule: what is stored can be opened again, and every reader finds the same in it. An image
that cannot be decoded, that says something twice, that has fewer pixels than its rows and columns say, or whose
identity contradicts the command is refused, with a status that says why.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.elements import PIXEL_DATA, Element, Encoding, find_elements, tag_text
from hl7dicom_lab.dicom.reading import read_elements
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.model import ReceivedInstance

#: PS3.5 section 9.1: numbers without leading zeros, separated by dots, at most 64 characters.
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+", re.ASCII)
_LONGEST_UID = 64
#: PS3.5 section 7.1: these groups are for command sets and files, or for nobody.
_FIRST_GROUP, _NO_GROUP = 0x0008, 0xFFFF
#: What is read of an instance: who it is and whose, where it belongs, and how many pixels it has. A scanner writes a
#: hundred elements more; they are kept as they came.
HEADER = (
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    "PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex",
    "AccessionNumber", "StudyDate", "StudyTime", "StudyDescription", "Modality", "SeriesNumber", "InstanceNumber",
    "SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns", "BitsAllocated",
)  # fmt: skip
_HEADER_TAGS = {int(Tag(keyword)): keyword for keyword in HEADER}
#: The values of a header by keyword.
Said = Mapping[str, object]
#: Float Pixel Data and Double Float Pixel Data, which stand instead of Pixel Data (PS3.3 section C.7.6.24).
_OTHER_PIXELS = frozenset({0x7FE00008, 0x7FE00009})


@dataclass(frozen=True)
class CheckedInstance(ReceivedInstance):
    """An instance that `check_instance` has found to be sound, with the header that it gave.

    `digest` is the SHA-256 of its data set, in hexadecimal.
    """

    header: Dataset = field(default_factory=Dataset, compare=False, repr=False)
    digest: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", hashlib.sha256(self.data_set).hexdigest())

    @classmethod
    def of(cls, received: ReceivedInstance, digest: str = "") -> CheckedInstance:
        """Check an instance, if nobody has; `digest` where it is known. Raises as `check_instance` does."""
        if isinstance(received, CheckedInstance):
            return received
        return cls(**vars(received), header=check_instance(received), digest=digest)


def check_instance(received: ReceivedInstance) -> Dataset:
    """The `HEADER` of an instance that may be kept.

    Raises `DicomFault`: 0xA900, no data set, or an identity that is missing or is not the command's; 0xC000, not
    decodable; 0xC002, a malformed UID; 0xC003, pixel data that is too short or not encoded as its syntax asks.
    """
    if not received.data_set:
        raise _mismatch("the request has no data set", "", "send the instance with its command")
    check_uid(received.sop_class_uid, "SOPClassUID")
    check_uid(received.sop_instance_uid, "SOPInstanceUID")
    header = read_instance(received.data_set, received.transfer_syntax_uid)
    said = said_in(header)
    _check_same(said, "SOPClassUID", received.sop_class_uid)
    _check_same(said, "SOPInstanceUID", received.sop_instance_uid)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        check_uid(_text(said, keyword), keyword)
    return header


def read_instance(data_set: bytes, transfer_syntax_uid: str) -> Dataset:
    """The `HEADER` of a data set, once the whole of it is found to be sound.

    Raises `DicomFault` as `check_instance` does, but for what concerns the command.
    """
    encoding = Encoding.of(transfer_syntax_uid)
    elements = find_elements(data_set, encoding)
    _check_tags(elements)
    header = read_elements(data_set, [one for one in elements if one.tag in _HEADER_TAGS and one.vr != "SQ"], encoding)
    pixels = next((element for element in elements if element.tag == PIXEL_DATA), None)
    if pixels is None:
        _check_no_pixels(elements, said_in(header))
    else:
        _check_pixels(pixels, said_in(header), encoding)
    return header


def said_in(header: Dataset) -> Said:
    """What a `HEADER` says. Whoever asks a data set for thirty keywords waits until it has looked up thirty tags."""
    return {_HEADER_TAGS[int(element.tag)]: element.value for element in header.values()}


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


def _check_tags(elements: list[Element]) -> None:
    """Raise `DicomFault` where a tag may not stand in a data set, or stands there twice (PS3.5 section 7.1)."""
    seen: set[int] = set()
    for tag, _, start, *_ in elements:
        forbidden = not _FIRST_GROUP <= tag >> 16 < _NO_GROUP
        if forbidden or tag in seen:
            raise DicomFault(
                f"{tag_text(tag)} {'does not belong in a data set' if forbidden else 'stands twice'}",
                status=status.CANNOT_DECODE,
                where=f"byte {start} of the data set",
                next_step="send the data set without file meta information and command elements, each tag once",
            )
        seen.add(tag)


def _check_same(said: Said, keyword: str, in_command: str) -> None:
    if not _text(said, keyword):
        raise _mismatch(f"the data set has no {keyword}", keyword, "write into the data set what the command says")
    if _text(said, keyword) != in_command:
        raise _mismatch(
            f"{keyword} differs between command and data set",
            keyword,
            "send the command's Affected SOP Class and Instance UID as they stand in the data set (PS3.4 section B.2)",
        )


def _text(said: Said, keyword: str) -> str:
    value = said.get(keyword)
    if isinstance(value, MultiValue):
        return "\\".join(map(str, value))
    return str(value) if isinstance(value, str) else ""


def _mismatch(what: str, keyword: str, next_step: str) -> DicomFault:
    return DicomFault(what, status=status.DOES_NOT_MATCH_SOP_CLASS, keyword=keyword, next_step=next_step)


def _check_pixels(pixels: Element, said: Said, encoding: Encoding) -> None:
    if encoding.encapsulated != pixels.closed_by_delimiter:
        asked = "encapsulated" if encoding.encapsulated else "native"
        raise _pixel_fault(f"the transfer syntax asks for {asked} pixel data (PS3.5 section A.4)")
    if encoding.encapsulated:
        _check_fragments(pixels, said)
        return
    expected = _native_length(said)
    present = pixels.end - pixels.start
    if present < expected:
        raise _pixel_fault(f"pixel data has {present} bytes, the image pixel module says {expected}")


def _check_fragments(pixels: Element, said: Said) -> None:
    """A frame is encoded in one fragment or more; the first item is the offset table (PS3.5 section A.4)."""
    filled, frames = sum(length > 0 for length in pixels.fragments[1:]), _frames(said)
    if filled < frames:
        raise _pixel_fault(f"pixel data has {counted(filled, 'fragment')} for {counted(frames, 'frame')}")


def _check_no_pixels(elements: list[Element], said: Said) -> None:
    """Documents have no pixels; an image has some, or no rows and columns either."""
    if _native_length(said) and not _OTHER_PIXELS & {element.tag for element in elements}:
        raise _pixel_fault("there is no pixel data, and rows and columns say that there is")


def _native_length(said: Said) -> int:
    """The bytes of unencapsulated pixels (PS3.5 section 8.1.1), 0 where the header does not say."""
    samples = _number(said, "SamplesPerPixel", 1)
    if said.get("PhotometricInterpretation") == "YBR_FULL_422":
        samples = 2  # two pixels share their colour differences (PS3.3 section C.7.6.3.1.2)
    values = _number(said, "Rows") * _number(said, "Columns") * samples * _frames(said)
    return (values * _number(said, "BitsAllocated") + 7) // 8


def _frames(said: Said) -> int:
    return max(1, _number(said, "NumberOfFrames", 1))


def _number(said: Said, keyword: str, otherwise: int = 0) -> int:
    """A value of the header that the length of the pixels depends on; `otherwise` where it is empty or absent."""
    value = said.get(keyword)
    if value is None or value == "":
        return otherwise
    if not isinstance(value, int):
        raise _pixel_fault(f"{keyword} is not one whole number, so the size of the image is not known")
    return int(value)


def _pixel_fault(what: str) -> DicomFault:
    return DicomFault(
        what,
        status=status.PIXEL_DATA_WRONG,
        keyword="PixelData",
        next_step="send all pixels: rows by columns by samples by bits allocated, for every frame",
    )
