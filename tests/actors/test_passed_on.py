"""What the hospital gets of a message: the header is the seat's, identifiers are filled in, the rest is as it came."""

from __future__ import annotations

import pytest
from hl7_text import Hl7Text, adt, group, order

from hl7dicom_lab.actors.passed_on import passed_on
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.model import Hl7Address, StepStatus, WorklistItem

TO = Hl7Address("127.0.0.1", 2575, "RIS", "HOSPITAL")


def item(number):
    return WorklistItem(
        accession_number=f"A{number}",
        requested_procedure_id=f"R{number}",
        scheduled_procedure_step_id=f"S{number}",
        study_instance_uid=f"1.2.{number}",
        placer_order_number="",
        filler_order_number=f"F{number}",
        patient_id="",
        issuer_of_patient_id="",
        patient_name="",
        modality="MR",
        station_ae_titles=(),
        start="20260302110000",
        status=StepStatus.SCHEDULED,
        data_set=b"",
    )


def sent(message, *items, encoding="utf-8"):
    """The lines that go over the line."""
    body = message if isinstance(message, bytes) else message.bytes(encoding)
    out = passed_on(Message.parse(body), "SEAT07", TO, (lambda _: items) if items else None)
    assert out.endswith(b"\r")
    return Hl7Text(*out.decode(encoding).split("\r")[:-1])


def test_the_header_names_the_seat_and_the_hospital_and_asks_for_an_answer():
    message = adt().put("MSH-15", "NE").put("MSH-16", "AL").put("MSH-13", "7")
    out = sent(message)
    assert [out.get(f"MSH-{number}") for number in (3, 4, 5, 6, 13)] == ["EMR", "SEAT07", "RIS", "HOSPITAL", "7"]
    assert (out.get("MSH-15"), out.get("MSH-16"), out.get("MSH-18")) == ("", "", "UNICODE UTF-8")
    assert out.get("MSH-10") == message.control_id
    assert out.lines[1:] == message.lines[1:]


def test_a_short_header_stays_short():
    body = b"MSH|^~\\&|EMR||||20260302080000||ADT^A04|K1|P|2.3.1\rPID|1||7||A^B\r"
    assert sent(body).lines[0] == "MSH|^~\\&|EMR|SEAT07|RIS|HOSPITAL|20260302080000||ADT^A04|K1|P|2.3.1"


@pytest.mark.parametrize(
    ("charset", "codec"), [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("GB 18030-2000", "gb18030")]
)
def test_text_goes_on_in_its_character_set(charset, codec):
    name = "田中" if codec == "gb18030" else "Müller"
    out = sent(adt().put("MSH-18", charset).put("PID-5", f"{name}^A"), encoding=codec)
    assert (out.get("PID-5"), out.get("MSH-18")) == (f"{name}^A", charset)


def test_other_separators_stay_and_names_are_escaped_with_them():
    body = b"MSH#*~!_#EMR#X#RIS#Y#20260302080000##ADT*A04#K1#P#2.3.1\rPID#1##7##A*B\r"
    message = Message.parse(passed_on(Message.parse(body), "SEAT_7", TO))
    assert message.get("MSH-4") == "SEAT_7"
    assert message.raw("MSH-4") == "SEAT!T!7"
    assert message.raw("PID-5") == "A*B"


def test_other_line_ends_become_the_right_ones():
    assert sent(adt().bytes(end="\n")).lines[1].startswith("EVN|")


def test_an_orm_names_what_the_ris_has_given_to_it():
    out = sent(order().put("ORC-7", "2^^^^^R").put("OBR-27", ""), item(1))
    told = [out.get(path) for path in ("OBR-18", "OBR-19", "OBR-20", "ZDS-1", "ORC-3", "ORC-7")]
    assert told == ["A1", "R1", "S1", "1.2.1", "F1", "2^^^20260302110000^^R"]


def test_an_omi_names_it_in_ipc():
    out = sent(order("OMI"), item(1))
    assert [out.get(f"IPC-{number}") for number in range(1, 6)] == ["A1", "R1", "1.2.1", "S1", "MR"]
    assert (out.get("ORC-3"), out.get("ORC-7")) == ("F1", "")


def test_what_the_order_says_itself_stays():
    message = order().put("OBR-18", "OWN").put("ZDS-1", "9.9^^X^DICOM").put("ORC-3", "MINE")
    out = sent(message, item(1))
    assert [out.get(path) for path in ("OBR-18", "ZDS-1", "ORC-3", "ORC-7")] == [
        "OWN",
        "9.9^^X^DICOM",
        "MINE",
        "^^^20260302093000^^R",
    ]


def test_each_order_of_a_message_gets_its_own():
    message = order(placer="P").add("NTE|1||quiet", group(placer="P"), "NTE|1||loud")
    out = sent(message, item(1), item(2))
    names = [line[:3] for line in out.lines]
    assert names == ["MSH", "PID", "PV1", "ORC", "OBR", "NTE", "ZDS", "ORC", "OBR", "NTE", "ZDS"]
    assert (out.get("OBR[1]-18"), out.get("OBR[2]-18"), out.get("ZDS[2]-1")) == ("A1", "A2", "1.2.2")


@pytest.mark.parametrize("control", ["XO", "SC", "CA", "DC"])
def test_an_order_that_is_known_is_named_by_its_sender(control):
    message = order(control=control)
    assert sent(message, item(1)).lines[1:] == message.lines[1:]
