"""A request as pynetdicom's services take it, made of its command set and of the data set that came with it.

Clinical step: a scanner stores a study, which is many C-STORE-RQs that differ in a UID, and asks for its worklist every
few minutes. Standard: PS3.7 sections 9.3.1.1 and 9.3.2.1 (the elements of a C-STORE-RQ and a C-FIND-RQ). Rule: one that
has the mandatory elements and no others is made directly; whatever has something else is read by pynetdicom, element by
element.
"""

from __future__ import annotations

from typing import cast

from pydicom.uid import UID
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dimse_primitives import C_FIND, C_STORE, DimseServiceType
from pynetdicom.pdu_primitives import P_DATA

from hl7dicom_lab.dicom.command_rules import Command
from hl7dicom_lab.services.message_assembly import Message

_C_STORE_RQ, _C_FIND_RQ = 0x0001, 0x0020
_FIELD, _MESSAGE_ID, _PRIORITY, _DATA_SET_TYPE = 0x0100, 0x0110, 0x0700, 0x0800
_SOP_CLASS, _SOP_INSTANCE = 0x0002, 0x1000
_OF_A_QUERY = {_SOP_CLASS, _FIELD, _MESSAGE_ID, _PRIORITY, _DATA_SET_TYPE}
_MANDATORY = {_C_STORE_RQ: {*_OF_A_QUERY, _SOP_INSTANCE}, _C_FIND_RQ: _OF_A_QUERY}
_LAST_OF_COMMAND = b"\x03"  # message control header (PS3.8 section E.2)


def request_primitive(message: Message, command: Command) -> DimseServiceType:
    """The request that a message is. Whatever pynetdicom does not like about it is raised as it comes."""
    values = command.values
    if values.keys() != _MANDATORY.get(command.field, set()) or not all(values.values()):
        return _read_by_pynetdicom(message, command)
    request: C_STORE | C_FIND
    if command.field == _C_FIND_RQ:
        request = C_FIND()
        request.Identifier = message.data_set
    else:
        request = C_STORE()
        request.AffectedSOPInstanceUID = _uid(values[_SOP_INSTANCE])
        request.DataSet = message.data_set
    request.MessageID = command.message_id
    request.Priority = int.from_bytes(values[_PRIORITY], "little")
    request.AffectedSOPClassUID = _uid(values[_SOP_CLASS])
    request._context_id = message.context_id
    return request


def _read_by_pynetdicom(message: Message, command: Command) -> DimseServiceType:
    encoded = P_DATA()
    encoded.presentation_data_value_list.append((message.context_id, _LAST_OF_COMMAND + command.clean))
    made = DIMSEMessage()
    made.decode_msg(encoded)
    made.data_set = message.data_set
    return cast("DimseServiceType", made.message_to_primitive())


def _uid(value: bytes) -> UID:
    return UID(value.decode("ascii").rstrip("\0 "))
