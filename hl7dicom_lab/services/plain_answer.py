"""An answer and what it carries, in one P-DATA: sent with one packet, read with one look.

Standard: PS3.8 section 9.3.5 and Annex E (a P-DATA-TF holds one or more presentation data values; those of a message
are in order). Rules: what fits into the peer's maximum length goes together; an answer with more to say than its
status, or one that does not fit, takes pynetdicom's way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_STORE
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu_primitives import P_DATA

from hl7dicom_lab.dicom.pdu import VALUE_HEADER_LENGTH, data_transfer
from hl7dicom_lab.dicom.response_command import C_ECHO_RSP, C_FIND_RSP, C_STORE_RSP, response_command
from hl7dicom_lab.services.event_reactor import Provider

_FIELDS: dict[type[Any], int] = {C_ECHO: C_ECHO_RSP, C_FIND: C_FIND_RSP, C_STORE: C_STORE_RSP}
_COMMAND, _DATA_SET = b"\x03", b"\x02"  # message control header: the last fragment of either (PS3.8 section E.2)


@dataclass(frozen=True)
class PlainAnswer:
    """An answer as the presentation data values that it consists of, each with its message control header."""

    context_id: int
    values: tuple[bytes, ...]

    @classmethod
    def of(cls, context_id: int, command: bytes, data_set: bytes = b"") -> PlainAnswer:
        """The answer with this command set and, where there is one, this data set."""
        values = (_COMMAND + command, _DATA_SET + data_set) if data_set else (_COMMAND + command,)
        return cls(context_id, values)

    def fits(self, longest: int) -> bool:
        """Whether it is one PDU for a peer that takes `longest` bytes in one, 0 for any number."""
        return not longest or sum(map(len, self.values)) + VALUE_HEADER_LENGTH * len(self.values) <= longest


def send_answers(upper_layer: DULServiceProvider, answers: Sequence[PlainAnswer]) -> None:
    """Send answers that fit, each in one P-DATA, together."""
    if isinstance(upper_layer, Provider) and upper_layer.sent_at_once(
        [data_transfer(one.context_id, one.values) for one in answers]
    ):
        return
    for one in answers:
        request = P_DATA()
        request.presentation_data_value_list.extend((one.context_id, value) for value in one.values)
        upper_layer.send_pdu(request)


def plain_answer(primitive: Any, context_id: int) -> PlainAnswer | None:
    """What pynetdicom's primitive says, if it is an answer that says no more than its status; else None."""
    field = _FIELDS.get(type(primitive))
    responded_to, sop_class = primitive.MessageIDBeingRespondedTo, getattr(primitive, "AffectedSOPClassUID", None)
    if field is None or responded_to is None or sop_class is None or _says_more(primitive):
        return None
    identifier = getattr(primitive, "Identifier", None)
    data_set = identifier.getvalue() if identifier else b""
    command = response_command(
        field,
        int(responded_to),
        str(sop_class),
        int(primitive.Status),
        has_data_set=bool(data_set),
        sop_instance=str(getattr(primitive, "AffectedSOPInstanceUID", None) or ""),
    )
    return PlainAnswer.of(context_id, command, data_set)


def _says_more(primitive: Any) -> bool:
    return any(getattr(primitive, keyword, None) for keyword in ("ErrorComment", "OffendingElement", "ErrorID"))
