"""Another archive in the PACS's seat: how it is named. That it works stands in tests/interop/test_orthanc.py."""

import pytest

from hl7dicom_lab import Lab
from hl7dicom_lab.actors.archive_elsewhere import VARIABLE, archive_address
from hl7dicom_lab.errors import AssociationFailed, SetupError
from hl7dicom_lab.model import DicomAddress


def test_an_address_is_ae_title_host_and_port():
    assert archive_address("ORTHANC@127.0.0.1:4242") == DicomAddress("127.0.0.1", 4242, "ORTHANC")


@pytest.mark.parametrize(
    "text", ["", "ORTHANC", "ORTHANC@host", "@host:1", "A@host:0", "A@host:65536", "TOO_LONG_A_TITLE_@h:1"]
)
def test_what_is_no_address_is_named(text):
    with pytest.raises(SetupError, match=r"write AE title, host and port: ORTHANC@127\.0\.0\.1:4242") as caught:
        archive_address(text)
    assert caught.value.where == VARIABLE


def test_the_lessons_take_it_from_the_environment(monkeypatch):
    monkeypatch.setenv(VARIABLE, "NOBODY@127.0.0.1:1")
    lab = Lab.fresh()
    try:
        with pytest.raises(AssociationFailed, match=r"NOBODY at 127\.0\.0\.1:1"):
            lab.modality.echo()
    finally:
        lab.stop()
