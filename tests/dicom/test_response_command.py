"""The command sets of plain answers are those of PS3.7 section 9.3, as a library reads them."""

from io import BytesIO

import pytest
from pydicom.filereader import read_dataset

from hl7dicom_lab.dicom.response_command import C_ECHO_RSP, C_FIND_RSP, C_STORE_RSP, response_command

_WORKLIST = "1.2.840.10008.5.1.4.31"
_MR = "1.2.840.10008.5.1.4.1.1.4"


def read(encoded):
    return read_dataset(BytesIO(encoded), is_implicit_VR=True, is_little_endian=True)


@pytest.mark.parametrize(("field", "has_data_set"), [(C_FIND_RSP, True), (C_FIND_RSP, False), (C_ECHO_RSP, False)])
def test_an_answer_has_the_elements_of_its_section(field, has_data_set):
    encoded = response_command(field, 7, _WORKLIST, 0xFF00, has_data_set=has_data_set)
    command = read(encoded)
    assert [element.keyword for element in command] == [
        "CommandGroupLength", "AffectedSOPClassUID", "CommandField", "MessageIDBeingRespondedTo", "CommandDataSetType",
        "Status",
    ]  # fmt: skip
    assert command.CommandGroupLength == len(encoded) - 12
    assert (command.AffectedSOPClassUID, command.CommandField, command.MessageIDBeingRespondedTo) == (
        _WORKLIST,
        field,
        7,
    )
    assert (command.CommandDataSetType != 0x0101) is has_data_set
    assert command.Status == 0xFF00


@pytest.mark.parametrize("instance", ["2.25.1", "2.25.10"])
def test_a_stored_instance_is_named_and_each_value_is_even(instance):
    encoded = response_command(C_STORE_RSP, 65535, _MR, 0, has_data_set=False, sop_instance=instance)
    assert read(encoded).AffectedSOPInstanceUID == instance
    assert len(encoded) % 2 == 0
