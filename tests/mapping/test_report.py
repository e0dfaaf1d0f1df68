"""Section 4 of the mapping: a report out and in again, and the reports of other vendors against the oracle."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import MSH_ORU, message, with_field
from oracle import report as oracle_report

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.hl7v2.groups import reports
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.mapping.oru_to_report import oru_to_report
from hl7dicom_lab.mapping.report_to_oru import RADIOLOGY_REPORT, report_to_oru
from hl7dicom_lab.model import CodedEntry, Report, ReportStatus

ENVELOPE = Envelope("DICTATION", "NORTHGATE", "PACS", "NORTHGATE", datetime(2026, 3, 2, 10), "R1")
PDF = b"%PDF-1.7\n\x00\xff binary \n%%EOF"


def read(text: str | bytes):
    (group,) = reports(Message.parse(text if isinstance(text, bytes) else text.encode("utf-8")))
    return oru_to_report(group).report


# --- there and back ---------------------------------------------------------------------------------------------------

plain = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20).filter(lambda text: text != '""')
key = plain.filter(bool)
identity = plain.filter(lambda text: "\\" not in text)  # DICOM has no backslash in a PatientID
part = st.text(st.characters(categories=("L", "N"), include_characters="'-.&|~ "), max_size=8).map(str.strip)
group = st.lists(part, max_size=5).map(lambda parts: "^".join(parts).rstrip("^"))
name = st.lists(group, max_size=3).map(lambda groups: "=".join(groups).rstrip("="))
moment = st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)).map(lambda one: f"{one:%Y%m%d%H%M%S}")
uid = st.lists(st.integers(0, 10**9).map(str), min_size=3, max_size=5).map(lambda parts: ".".join(["1", *parts]))
report_text = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t|^&~\\"), max_size=200
).filter(lambda text: text.strip() and text != '""')
any_report = st.builds(
    Report,
    patient_id=identity.filter(bool),
    issuer_of_patient_id=identity,
    patient_name=name,
    accession_number=plain,
    study_instance_uid=st.one_of(st.just(""), uid),
    status=st.sampled_from(ReportStatus),
    text=report_text,
    placer_order_number=plain,
    filler_order_number=plain,
    requested_procedure_id=plain,
    procedure=st.one_of(st.none(), st.builds(CodedEntry, key, key, key)),
    observed_at=st.one_of(st.just(""), moment),
    status_changed_at=st.one_of(st.just(""), moment),
    signed_by=group,
    requested_by=group,
    document=st.one_of(st.just(b""), st.binary(max_size=300).map(lambda rest: b"%PDF-" + rest)),
)


@settings(deadline=None, max_examples=200)
@given(any_report)
def test_a_report_that_is_sent_and_read_is_the_same(report):
    received = read(report_to_oru(ENVELOPE, report))
    sent = replace(report, procedure=report.procedure or RADIOLOGY_REPORT, control_id="R1", sent_at=received.sent_at)
    assert replace(received, observations=()) == sent


@pytest.mark.parametrize("document", [PDF, bytes(range(256)) * 40], ids=["small", "every byte"])
def test_a_document_comes_back_byte_for_byte(document):
    sent = Report(
        "M-1", "WEST", "Beck^Ada", "ACC-1", "1.2.3", ReportStatus.FINAL, "See the document.", document=document
    )
    assert read(report_to_oru(ENVELOPE, sent)).document == document


@pytest.mark.parametrize(("status", "observation"), [("P", "P"), ("F", "F"), ("C", "C"), ("X", "X")])
def test_both_statuses_are_written_each_in_its_table(status, observation):
    """Text and document have the status of the report; the study that they are about is the same as ever."""
    sent = Report("M-1", "", "Beck^Ada", "ACC-1", "1.2.3", ReportStatus(status), "Text", document=PDF)
    message_sent = Message.parse(report_to_oru(ENVELOPE, sent))
    assert message_sent.get("OBR-25") == status
    assert [(obx.value(2), obx.value(11)) for obx in message_sent.all("OBX")] == [
        ("HD", "F"),
        ("FT", observation),
        ("ED", observation),
    ]


# --- other vendors' reports -------------------------------------------------------------------------------------------

PID = "PID|1||A-7^^^WEST^AN~M-4711^^^WEST^MR||Beck^Ada^Rosa^III^Dr||19791105|F"
OBR = (
    "OBR|1|P-1^HIS|F-1^RIS|MRB^MRI brain^99NG|||20260302094105|||||||||D11^Order^Olga^^^Prof||ACC-0001|RP-0001|||"
    "20260302101500|||F|||||||D20&Lind&Per&&&Dr^20260302101500"
)
STUDY = "OBX|1|HD|110180^Study Instance UID^DCM||1.2.3.4.5.99||||||F"
RAD_128 = "OBX|1|RP|113014^DICOM Study^DCM||1.2.3.4.5.99^PACS^Application^DICOM||||||F"
TEXT = r"OBX|2|FT|18748-4^Diagnostic imaging study^LN||FINDINGS:\.br\Nothing unusual.||||||F"
ENCODED = base64.b64encode(PDF).decode("ascii")
FULL = message(MSH_ORU, PID, "PV1|1|O", OBR, STUDY, TEXT)


def tx(number: int, *repetitions: str, value_type: str = "TX", status: str = "F") -> str:
    return f"OBX|{number}|{value_type}|GDT^Body^99NG||{'~'.join(repetitions)}||||||{status}"


def ed(value: str) -> str:
    return f"OBX|9|ED|PDF^Report^99NG||{value}||||||F"


ORUS = {
    "full": FULL,
    "RAD-128": message(MSH_ORU, PID, OBR, RAD_128, TEXT),
    "a line an OBX": message(MSH_ORU, PID, OBR, STUDY, tx(2, "FINDINGS:"), tx(3, ""), tx(4, "Nothing."), tx(5, "")),
    "repetitions as lines": message(MSH_ORU, PID, OBR, STUDY, tx(2, "FINDINGS:", "", "Nothing unusual.")),
    "ST and FT mixed": message(MSH_ORU, PID, OBR, tx(1, "One", value_type="ST"), STUDY, tx(3, r"Two\.br\Three")),
    "escapes in the text": message(MSH_ORU, PID, OBR, STUDY, tx(2, r"5 \T\ 6 mm \F\ T1\S\2 \R\10 % C:\E\x")),
    "a PDF beside the text": message(MSH_ORU, PID, OBR, STUDY, TEXT, ed(f"^application^pdf^Base64^{ENCODED}")),
    "a PDF alone": message(MSH_ORU, PID, OBR, STUDY, ed(f"DICT^AP^PDF^Base64^{ENCODED}")),
    "a PDF in lines": message(
        MSH_ORU, PID, OBR, STUDY, ed(f"^application^pdf^Base64^{ENCODED[:20]}\\.br\\{ENCODED[20:]}")
    ),
    "no study": message(MSH_ORU, PID, OBR, TEXT),
    "no accession number": with_field(FULL, "OBR-18", ""),
    "accession number with an issuer": with_field(FULL, "OBR-18", "ACC-0001^WEST"),
    "a moment with fraction and offset": with_field(FULL, "OBR-22", "20260302101500.1234+0100"),
    "a moment to the minute with offset": with_field(FULL, "OBR-7", "202603020941-0500"),
    "a day for a moment": with_field(FULL, "OBR-7", "20260302"),
    "signed by an id": with_field(FULL, "OBR-32", "D20"),
    "requested by an id": with_field(FULL, "OBR-16", "D11"),
    "two requesters": with_field(FULL, "OBR-16", "D11^Order^Olga~D12^Other^Otto"),
    "three writings": with_field(FULL, "PID-5", "Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P"),
    "untyped identifier": with_field(FULL, "PID-3", "M-4711"),
    "observations of many statuses": message(
        MSH_ORU, PID, OBR, STUDY, tx(2, "a", status="P"), tx(3, "b", status="C"), tx(4, "c", status="D")
    ),
}  # fmt: skip
ORUS |= {f"status {one}": with_field(FULL, "OBR-25", one) for one in "PFCX"}


@pytest.mark.parametrize("text", ORUS.values(), ids=ORUS.keys())
def test_every_key_is_what_the_oracle_says(text):
    wanted, found = oracle_report(text), read(text)
    procedure = (found.procedure.value, found.procedure.meaning, found.procedure.scheme) if found.procedure else None
    observations = [(one.identifier.value, one.value_type, one.status) for one in found.observations]
    for field in wanted.keys() - {"procedure", "observations", "status"}:
        assert getattr(found, field) == wanted[field], field
    assert (found.status.value, procedure, observations) == (
        wanted["status"],
        wanted["procedure"],
        wanted["observations"],
    )


def test_the_full_report_in_plain_values():
    found = read(FULL)
    assert (found.patient_id, found.issuer_of_patient_id, found.patient_name) == (
        "M-4711",
        "WEST",
        "Beck^Ada^Rosa^Dr^III",
    )
    assert (found.accession_number, found.placer_order_number, found.filler_order_number) == ("ACC-0001", "P-1", "F-1")
    assert (found.requested_procedure_id, found.procedure) == ("RP-0001", CodedEntry("MRB", "MRI brain", "99NG"))
    assert (found.study_instance_uid, found.status) == ("1.2.3.4.5.99", ReportStatus.FINAL)
    assert (found.observed_at, found.status_changed_at) == ("20260302094105", "20260302101500")
    assert (found.signed_by, found.requested_by) == ("Lind^Per^^Dr", "Order^Olga^^Prof")
    assert (found.text, found.control_id) == ("FINDINGS:\nNothing unusual.", "C9")


@pytest.mark.parametrize(("sent", "signer"), [
    ("D20&Lind&Per&&&Dr", "Lind^Per^^Dr"),
    ("D20&Lind&Per&A&Jr&Dr&PhD^20260302", "Lind^Per^A^Dr^Jr PhD"),
    ("D20^Lind^Per^^^Dr", "Lind^Per^^Dr"),
    ("D20^20260302101500^20260302101600", ""),
    ("D20", ""),
    ("Lind", "Lind"),
    ("&Lind&Per", "Lind^Per"),
    ('""', ""),
    ("", ""),
])  # fmt: skip
def test_the_signer_in_every_form_that_is_sent(sent, signer):
    """NDL puts the person into the first component; many senders put an XCN there, and an id alone is no name."""
    assert read(with_field(FULL, "OBR-32", sent)).signed_by == signer


def test_each_obr_is_a_report_of_its_own():
    other = OBR.replace("OBR|1|P-1", "OBR|2|P-2").replace("ACC-0001", "ACC-0002").replace("|||F|||", "|||P|||")
    text = message(MSH_ORU, PID, OBR, STUDY, TEXT, other, STUDY.replace("5.99", "5.98"), tx(2, "Later."))
    first, second = (oru_to_report(one).report for one in reports(Message.parse(text.encode())))
    assert (first.accession_number, first.study_instance_uid, first.status) == ("ACC-0001", "1.2.3.4.5.99", "F")
    assert (second.accession_number, second.study_instance_uid, second.status) == ("ACC-0002", "1.2.3.4.5.98", "P")
    assert (first.text, second.text) == ("FINDINGS:\nNothing unusual.", "Later.")
    assert first.patient_id == second.patient_id == "M-4711"


def test_order_numbers_may_stand_in_orc():
    text = message(
        MSH_ORU, PID, "ORC|RE|P-5|F-5", with_field(FULL, "OBR-2", "").split("\r")[3].replace("F-1^RIS", ""), STUDY, TEXT
    )
    assert (read(text).placer_order_number, read(text).filler_order_number) == ("P-5", "F-5")


def test_the_study_may_stand_in_zds():
    text = message(MSH_ORU, PID, OBR, TEXT, "ZDS|1.2.3.4.5.97^PACS^Application^DICOM")
    assert read(text).study_instance_uid == "1.2.3.4.5.97"


@pytest.mark.parametrize("sent", ["", "A", "R", "f", "Z"])
def test_a_report_without_a_status_that_is_told_apart_is_refused(sent):
    with pytest.raises(Hl7Fault) as refused:
        read(with_field(FULL, "OBR-25", sent))
    assert (refused.value.code, refused.value.where) == (103 if sent else 101, "OBR-25")


@pytest.mark.parametrize("observation", ["F", "C", "P"])
def test_the_status_of_an_observation_never_stands_for_that_of_the_report(observation):
    text = message(MSH_ORU, PID, OBR.replace("|||F|||", "|||P|||"), STUDY, tx(2, "Draft", status=observation))
    assert read(text).status is ReportStatus.PRELIMINARY
    assert read(text).observations[-1].status == observation
    with pytest.raises(Hl7Fault):
        read(text.replace("|||P|||", "||||||", 1))


@pytest.mark.parametrize("sent", "CDFINOPRSUWX")
def test_every_observation_status_of_table_0085_is_read(sent):
    assert read(message(MSH_ORU, PID, OBR, STUDY, tx(2, "Text", status=sent))).observations[-1].status == sent


@pytest.mark.parametrize("sent", ["", '""', "A", "f", "FF", "final"])
def test_an_observation_without_a_status_that_is_told_apart_is_refused(sent):
    with pytest.raises(Hl7Fault) as refused:
        read(message(MSH_ORU, PID, OBR, STUDY, tx(2, "Text"), tx(3, "More", status=sent)))
    assert (refused.value.code, refused.value.where) == (101 if sent in ("", '""') else 103, "OBX[3]-11")


@pytest.mark.parametrize(
    ("place", "value"), [("OBR-7", "20261302"), ("OBR-22", "soon"), ("OBX-5", "1.02.3"), ("OBX-5", "study")]
)
def test_an_impossible_moment_or_uid_is_refused(place, value):
    with pytest.raises(Hl7Fault) as refused:
        read(with_field(FULL, place, value))
    assert refused.value.code == 102
    assert refused.value.where.replace("[1]", "").startswith(place)


def test_a_document_that_is_no_base64_is_refused():
    with pytest.raises(Hl7Fault) as refused:
        read(message(MSH_ORU, PID, OBR, STUDY, "OBX|2|ED|PDF||^application^pdf^Base64^%%%||||||F"))
    assert (refused.value.code, refused.value.where) == (102, "OBX[2]-5.5")


def test_an_attachment_that_is_no_pdf_is_an_observation_and_no_document():
    found = read(message(MSH_ORU, PID, OBR, STUDY, TEXT, "OBX|3|ED|KEY^Key image^99NG||^IM^JPEG^Base64^/9j/||||||F"))
    assert (found.document, found.observations[-1].text) == (b"", "(document)")


def test_carriage_returns_in_the_text_are_line_breaks():
    assert (
        read(message(MSH_ORU, PID, OBR, STUDY, tx(2, r"one\X0D0A\two\X0D\three\X0A\four"))).text
        == "one\ntwo\nthree\nfour"
    )


def test_every_value_has_one_origin_that_can_be_looked_up():
    (group,) = reports(Message.parse(ORUS["a PDF beside the text"].encode()))
    mapped = oru_to_report(group)
    fields = [origin.attribute for origin in mapped.origins]
    assert len(fields) == len(set(fields))
    valued = {name for name in vars(mapped.report) if getattr(mapped.report, name) not in ("", b"", (), None)}
    assert set(fields) == valued - {"control_id", "sent_at"}
    assert [origin.attribute for origin in mapped.origins if not group.get(origin.source)] == []


@pytest.mark.parametrize("status", ["D", "W"])
def test_what_was_deleted_or_posted_as_wrong_is_not_in_the_text(status):
    found = read(message(MSH_ORU, PID, OBR, STUDY, tx(2, "Of another patient", status=status), tx(3, "Normal")))
    assert found.text == "Normal"
    assert [one.status for one in found.observations][1:] == [status, "F"], "the observations tell what was taken back"
