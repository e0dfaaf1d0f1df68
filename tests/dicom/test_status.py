import pytest

from hl7dicom_lab.dicom.status import is_pending, is_stored, words


@pytest.mark.parametrize(
    ("status", "service", "meaning"),
    [
        (0x0000, "C-ECHO", "0x0000 Success"),
        (0xFF00, "C-FIND", "0xFF00 Pending"),
        (0xFF01, "C-FIND", "0xFF01 Pending: an optional key is not supported"),
        (0xFE00, "C-FIND", "0xFE00 Cancel"),
        (0x0122, "C-FIND", "0x0122 SOP Class not supported"),
        (0xA700, "C-FIND", "0xA700 Refused: out of resources"),
        (0xA900, "C-FIND", "0xA900 Error: data set does not match SOP Class"),
        (0xC123, "C-FIND", "0xC123 Failed: unable to process"),
        (0xA7FF, "C-STORE", "0xA7FF Refused: out of resources"),
        (0xA900, "C-STORE", "0xA900 Error: data set does not match SOP Class"),
        (0xC001, "C-STORE", "0xC001 Error: cannot understand"),
        (0xB007, "C-STORE", "0xB007 Warning: data set does not match SOP Class"),
        (0xB007, "C-FIND", "0xB007 (no meaning in this service)"),
        (0x1234, "", "0x1234 (no meaning in this service)"),
    ],
)
def test_a_status_has_the_words_of_its_service(status, service, meaning):
    assert words(status, service) == meaning


def test_pending_and_stored_are_told():
    assert [is_pending(status) for status in (0xFF00, 0xFF01, 0x0000, 0xFE00)] == [True, True, False, False]
    assert [is_stored(status) for status in (0x0000, 0xB000, 0xB007, 0xA700, 0xC000)] == [
        True,
        True,
        True,
        False,
        False,
    ]
