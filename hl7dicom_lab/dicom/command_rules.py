"""What PS3.7 demands of a command set, judged by its bytes before a library reads it.

Clinical step: a scanner's request has to be understood before anybody serves it. Standard: PS3.7 section 6.3.1 (always
Implicit VR Little Endian), section 9.3 (messages) and Annex E (command dictionary). Rules:

* A command set that cannot be read or answered, or that may be read in two ways, is an `AssociationFault`.
* A UID that is none spoils its request, not the association: the request can be answered, with a status.
* What is not right and can be understood all the same is taken, with a remark.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydicom.datadict import keyword_for_tag

from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.dimse import command_name
from hl7dicom_lab.dicom.elements import Element, Encoding, find_elements, tag_text
from hl7dicom_lab.dicom.pdu_rules import NOT_SPECIFIED
from hl7dicom_lab.errors import AssociationFault, DicomFault
from hl7dicom_lab.trace import Remark

_ENCODING = Encoding(implicit_vr=True, little_endian=True)
_GROUP_LENGTH, _FIELD, _MESSAGE_ID, _RESPONDED_TO, _PRIORITY, _DATA_SET_TYPE = (
    *(0x00000000, 0x00000100, 0x00000110),
    *(0x00000120, 0x00000700, 0x00000800),
)
_PRIORITIES = (0, 1, 2)  # section E.1: medium, high, low
_NO_DATA_SET = 0x0101
_RESPONSE = 0x8000
_CANCEL = 0x0FFF
_WITHOUT_DATA_SET = (0x0030, _CANCEL, 0x0110, 0x0150)  # sections 9.3.5, 9.3.2.3, 10.3.2, 10.3.6
_LONGEST_UID = 64  # PS3.5 section 9.1
_RULE = "PS3.7 section 6.3.1: a command set is Implicit VR Little Endian, its elements are those of Annex E"


@dataclass(frozen=True)
class Command:
    """A command set that keeps the rules.

    `message_id` is that of a request; of a response and of C-CANCEL-RQ that of the request which it is about, None
    where it names none. `values` are what a library can read of it: the encoded values of known elements, by tag.
    `refusal` says why a request that can be answered is not to be served.
    """

    field: int
    message_id: int | None
    has_data_set: bool
    values: Mapping[int, bytes]
    remarks: tuple[Remark, ...]
    refusal: DicomFault | None = None

    @property
    def name(self) -> str:
        """For example `C-FIND-RQ`."""
        return command_name(self.field)

    @property
    def clean(self) -> bytes:
        """The command set as a library can read it: its values, in the order of their tags."""
        elements = sorted(self.values.items())
        return b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in elements)

    @property
    def is_cancel(self) -> bool:
        """Whether it is a C-CANCEL-RQ."""
        return self.field == _CANCEL

    @property
    def is_response(self) -> bool:
        """Whether it answers a request."""
        return bool(self.field & _RESPONSE)


def read_command(encoded: bytes) -> Command:
    """A command set, judged. Raises `AssociationFault`."""
    try:
        elements = find_elements(encoded, _ENCODING)
    except DicomFault as error:
        raise _fault(f"the command set cannot be read: {error.what}", encoded) from error
    values: dict[int, bytes] = {}
    for element in elements:
        _check_element(element, encoded)
        if element.tag in values:
            raise _fault(f"{_shown(element.tag)} is there twice", encoded)
        values[element.tag] = encoded[element.start : element.end]
    field = _number(values, _FIELD, encoded)
    if field is None or command_name(field).startswith("("):
        told = "no Command Field" if field is None else f"the Command Field 0x{field:04X}, which is no operation"
        raise _fault(f"the command set has {told}", encoded)
    data_set_type = _number(values, _DATA_SET_TYPE, encoded)
    if data_set_type is None:
        raise _fault("the command set does not say whether a data set follows (0000,0800)", encoded)
    if field in _WITHOUT_DATA_SET and data_set_type != _NO_DATA_SET:
        raise _fault(f"{command_name(field)} announces a data set, and has none", encoded)
    about = _RESPONDED_TO if field & _RESPONSE or field == _CANCEL else _MESSAGE_ID
    message_id = _number(values, about, encoded)
    if message_id is None and about == _MESSAGE_ID:
        raise _fault("the request has no Message ID, so it cannot be answered", encoded)
    vrs = {element.tag: element.vr for element in elements if _is_known(element) and element.tag != _GROUP_LENGTH}
    known = {tag: values[tag] for tag in vrs}
    if about == _MESSAGE_ID:
        known.pop(_RESPONDED_TO, None)  # a library would take the request for a response
    no_uids = [tag for tag, value in known.items() if vrs[tag] == "UI" and _is_no_uid(value)]
    if no_uids and about != _MESSAGE_ID:
        raise _fault(_no_uid(no_uids[0], known[no_uids[0]]), encoded)
    refusal = _refusal(no_uids[0], known[no_uids[0]]) if no_uids else None
    for tag in no_uids:
        del known[tag]
    remarks = tuple(_remarks(elements, values, len(encoded)))
    return Command(field, message_id, data_set_type != _NO_DATA_SET, known, remarks, refusal)


def _check_element(element: Element, encoded: bytes) -> None:
    value = encoded[element.start : element.end]
    if element.tag >> 16:
        raise _fault(f"{_shown(element.tag)} is no command element", encoded)
    if element.vr == "US" and len(value) not in (0, 2):
        raise _fault(f"{_shown(element.tag)} has {len(value)} bytes, a number (US) has 2", encoded)
    if element.tag == _PRIORITY and int.from_bytes(value, "little") not in _PRIORITIES:
        raise _fault(f"{_shown(element.tag)} is not 0000H, 0001H or 0002H", encoded)


def _is_known(element: Element) -> bool:
    """Whether PS3.7 Annex E has an element; its VR is from there."""
    return element.vr != "UN"


def _is_no_uid(value: bytes) -> bool:
    """Whether a UID is longer than one may be, or more or other than one: what no library reads in one way."""
    return len(value.rstrip(b"\0 ")) > _LONGEST_UID or b"\\" in value or not value.isascii()


def _no_uid(tag: int, value: bytes) -> str:
    length = len(value.rstrip(b"\0 "))
    if length > _LONGEST_UID:
        return f"{_shown(tag)} has {length} characters, a UID has up to {_LONGEST_UID}"
    return f"{_shown(tag)} is no single UID"


def _refusal(tag: int, value: bytes) -> DicomFault:
    return DicomFault(
        _no_uid(tag, value),
        status=status.INVALID_UID,
        keyword=keyword_for_tag(tag),
        next_step="use digits and dots, no leading zero in a number, at most 64 characters (PS3.5 section 9.1)",
    )


def _remarks(elements: list[Element], values: dict[int, bytes], length: int) -> Iterator[Remark]:
    """What is not right, and is understood all the same."""
    told = values.get(_GROUP_LENGTH)
    after = length - elements[0].end
    if told is None or elements[0].tag != _GROUP_LENGTH:
        yield _lax("the command set does not begin with its Command Group Length", "begin with (0000,0000)")
    elif int.from_bytes(told, "little") != after:
        says = f"{int.from_bytes(told, 'little'):,}"
        yield _lax(f"the Command Group Length says {says} bytes, and {after:,} follow", "count them anew")
    tags = [element.tag for element in elements]
    if tags != sorted(tags):
        yield _lax("the elements of the command set are not in the order of their tags", "sort them")
    unknown = [tag_text(element.tag) for element in elements if not _is_known(element)]
    if unknown:
        yield _lax(f"no command element of the standard: {', '.join(unknown)}", "leave it out")


def _number(values: dict[int, bytes], tag: int, encoded: bytes) -> int | None:
    value = values.get(tag)
    if value and len(value) != 2:
        raise _fault(f"{_shown(tag)} has {len(value)} bytes, a number (US) has 2", encoded)
    return int.from_bytes(value, "little") if value else None


def _shown(tag: int) -> str:
    keyword = keyword_for_tag(tag)
    return f"{keyword} {tag_text(tag)}" if keyword else tag_text(tag)


def _lax(what: str, repair: str) -> Remark:
    rule = "PS3.7 section 6.3.1 and Annex E, PS3.5 section 7.1: how a command set is written"
    return Remark(what, rule, repair, "warning")


def _fault(what: str, encoded: bytes) -> AssociationFault:
    return AssociationFault(
        what,
        rule=_RULE,
        next_step="send a command set that is whole; this association is aborted",
        reason=NOT_SPECIFIED,  # the PDUs were right, so Table 9-26 has no reason for it
        raw=encoded[:256],
    )
