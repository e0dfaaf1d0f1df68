"""Rows 19 to 40 of the list of faults: what is wrong in an HL7 message, what the RIS answers, and what it keeps.

One test a row, or a few. Every fault goes over a real socket to the RIS of a running department; the whole answer is
read from the wire; the order book is compared; the trace has to name the rule and the repair; and after each test an
honest order on the same connection is accepted. That no answer came is proved by what comes next: the answer to that
honest order.
"""

from __future__ import annotations

import re

import pytest
from hl7_text import ACCESSION, PROCEDURE_ID, adt, new_control_id, order
from mllp_client import MllpClient
from pydicom import Dataset

from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.order_to_worklist import get

STEP = "ScheduledProcedureStepSequence"


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.fixture
def desk(lab):
    """A connection to the RIS's desk. Whatever a test did to it, an honest order is served after it."""
    lab.trace.clear()
    with MllpClient(lab.ris.hl7) as client:
        yield Desk(lab, client)
        honest = order()
        answer = client.ask(honest.bytes())
        assert (answer.code, answer.answers) == ("AA", honest.control_id)
        assert [step.item.status for step in lab.ris.order_book.steps(placer_order_number=honest.placer)] == [
            "SCHEDULED"
        ]


class Desk:
    """The RIS as a sender of HL7 messages sees it."""

    def __init__(self, lab, client):
        self.lab = lab
        self.client = client

    def book(self):
        """Everything in the order book, to be compared."""
        return [tuple(row) for row in self.lab.ris.order_book.database.rows("SELECT * FROM step ORDER BY id")]

    def item(self, message) -> Dataset:
        """The one step of an order, by its placer number, as a worklist query gets it."""
        (step,) = self.lab.ris.order_book.steps(placer_order_number=message.placer)
        query = Dataset()
        query.AccessionNumber = step.item.accession_number
        query.SpecificCharacterSet = "ISO_IR 192"
        for keyword in ("PatientName", "PatientBirthDate", "ReasonForTheRequestedProcedure", "RequestedProcedureID"):
            setattr(query, keyword, None)
        query.RequestedProcedureComments = None
        (item,) = self.lab.modality.query(query)
        return item

    def remarks(self):
        """What the trace found noteworthy on this connection, the newest last."""
        conversations = [one for one in self.lab.trace.conversations(system="RIS", protocol="HL7") if one.events]
        return [remark for event in conversations[-1].events for remark in event.remarks]

    def accepts(self, message, *, code="AA"):
        """Send what is right; the answer, whose header is checked."""
        answer = self.client.ask(message if isinstance(message, bytes) else message.bytes())
        assert (answer.code, answer.segments) == (code, ["MSH", "MSA"]), answer
        return answer

    def refuses(self, body, code, error, location, *, names, answers=None, repair=""):
        """Send what is wrong: the whole answer, the book, and the trace are as they must be; the answer.

        `names` stands in what the answer says to its reader.
        """
        before = self.book()
        control_id = "" if answers == "" else answers or control_id_in(body)
        answer = self.client.ask(body)
        assert (answer.code, answer.answers) == (code, control_id)
        assert (answer.error, answer.location) == (error, location)
        assert answer.segments == ["MSH", "MSA", "ERR"]
        assert answer.field("MSH-9").startswith("ACK")
        assert (answer.field("MSH-3"), answer.field("MSH-4")) == ("RIS", "NORTHGATE")
        assert answer.field("ERR-4") == "E"
        assert re.search(rf"(^|\^){error}\W", answer.field("ERR-1")), "ERR-1 says the same to a reader of version 2.3.1"
        for field in ("MSA-3", "ERR-7", "ERR-8"):
            assert answer.field(field), f"{field} says nothing"
        assert names in answer.field("ERR-8")
        assert self.book() == before
        remark = self.remarks()[-1]
        assert remark.severity == "error"
        assert remark.what.startswith("refused: ")
        assert f"0357, {error} " in remark.rule
        assert remark.repair
        assert repair in remark.repair
        return answer

    def is_silent_about(self, body, *, rule, repair=""):
        """Send what gets no answer. That none came, the honest order after it proves (see `desk`)."""
        before = self.book()
        self.client.send(body)
        honest = order()
        assert self.client.ask(honest.bytes()).answers == honest.control_id
        assert [row for row in self.book() if honest.placer not in row] == before
        remark = self.remarks()[-1]
        assert rule in remark.rule
        assert remark.repair
        assert repair in remark.repair


def control_id_in(body: bytes) -> str:
    mark = body[3:4]
    return re.split(rb"[\r\n]", body)[0].split(mark)[9].decode("ascii")


# ---- the header


@pytest.mark.parametrize(
    "body",
    [
        b"PID|1||NG-100237^^^NORTHGATE^MR||Rivera^Elena\r",
        b"hello\r",
        b"MSH|^~\\&",
        b"msh|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||ORM^O01||P|2.3.1\r",
        b"\xff\xfe\x00\x80",
        order().without("MSH").bytes(),
    ],
    ids=["PID first", "no HL7", "half an MSH", "small letters, no control id", "no text", "an order without MSH"],
)
def test_row_19_no_answer_where_no_control_id_can_be_read(desk, body):
    desk.is_silent_about(body, rule="0357, 100 ", repair="MSH in capitals")


@pytest.mark.parametrize(
    "spoil",
    [bytes.lower, lambda line: b"\xef\xbb\xbf" + line, lambda line: b"\r\n" + line],
    ids=["msh", "byte order mark", "empty line"],
)
def test_row_19_small_letters_and_bytes_before_msh_are_rejected(desk, spoil):
    message = order().put("MSH-10", new_control_id().lower())
    header, rest = message.bytes().split(b"\r", 1)
    body = spoil(header) + b"\r" + rest
    desk.refuses(body, "AR", 100, "MSH", names="begins with MSH", answers=message.control_id, repair="without a byte")


@pytest.mark.parametrize(
    ("shift", "stands_in", "control_id"),
    [
        (lambda body: body.replace(b"||ORM", b"|ORM"), "MSH-8", "P"),
        (lambda body: body.replace(b"||ORM", b"|||ORM"), "MSH-10", "ORM^O01"),
        (lambda body: body.replace(b"|NORTHGATE|RIS", b"|RIS"), "MSH-8", "P"),
    ],
    ids=["MSH-8 is missing", "MSH-8 is doubled", "MSH-4 is missing"],
)
def test_row_20_a_shifted_header_is_rejected(desk, shift, stands_in, control_id):
    body = shift(order().bytes())
    desk.refuses(body, "AR", 100, "MSH^1^9", names=stands_in, answers=control_id, repair="one field separator")


@pytest.mark.parametrize("marks", [b"||", b"|EMR|", b"|^|", b"|^^\\&|", b"|^~\\&#%|"])
def test_row_20_what_cannot_be_encoding_characters_is_rejected(desk, marks):
    body = order().bytes().replace(b"|^~\\&|", marks)
    desk.refuses(body, "AR", 100, "MSH^1^2", names="MSH-2", repair="MSH|")


@pytest.mark.parametrize("kind", ["ZZZ^Z01", "MDM^T02", "ORU^R01", "QBP", ""])
def test_row_21_unknown_message_type(desk, kind):
    message = order().put("MSH-9", kind)
    desk.refuses(message.bytes(), "AR", 200, "MSH^1^9^1^1", names=kind[:3], repair="ADT, OMI, ORM")


@pytest.mark.parametrize("kind", ["ORM^O02", "ORM", "ADT^A99", "OMI^O21"])
def test_row_22_unknown_event(desk, kind):
    message = order().put("MSH-9", kind)
    desk.refuses(message.bytes(), "AR", 201, "MSH^1^9^1^2", names=kind[:3], repair=f"{kind[:3]}^")


@pytest.mark.parametrize("processing_id", ["X", "", "PROD"])
def test_row_23_processing_id(desk, processing_id):
    message = order().put("MSH-11", processing_id)
    answer = desk.refuses(message.bytes(), "AR", 202, "MSH^1^11", names="0103", repair="P (production)")
    assert answer.field("MSH-11") == "P"


@pytest.mark.parametrize("version", ["9.9", "", "two"])
def test_row_24_version(desk, version):
    message = order().put("MSH-12", version)
    desk.refuses(message.bytes(), "AR", 203, "MSH^1^12", names=version, repair="2.3.1 or 2.5.1")


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_row_25_empty_control_id(desk, kind):
    message = order(kind).put("MSH-10", "")
    desk.refuses(message.bytes(), "AE", 101, "MSH^1^10", names="control id", answers="", repair="MSH-10")


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
@pytest.mark.parametrize("marks", [b"#*@!%", b"|~^\\&", b"$^~/&", b"+:;?="])
def test_row_26_other_separators_are_read_and_answered_with(desk, kind, marks):
    message = order(kind).put("OBR-31", r"^5\T\6 \S\ 7")
    body = message.bytes().translate(bytes.maketrans(b"|^~\\&", marks))
    answer = desk.accepts(body)
    assert answer.answers == message.control_id
    assert answer.raw[3:8] == marks
    item = desk.item(message)
    assert item.PatientName == "Rivera^Elena^Maria^Ms"
    assert item.ReasonForTheRequestedProcedure == f"5{marks[4:].decode()}6 {marks[1:2].decode()} 7".replace("\\", "/")
    assert desk.remarks() == []


def test_row_26_without_escape_character_everything_is_text(desk):
    message = order().put("MSH-2", "^~").put("PID-5", "AT&T^J").put("OBR-31", "^A \\F\\ B")
    desk.accepts(message)
    assert desk.item(message).PatientName == "AT&T^J"
    assert desk.item(message).ReasonForTheRequestedProcedure == "A /F/ B"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_row_27_line_feeds_are_read_with_a_warning(desk, end):
    message = order()
    assert desk.accepts(message.bytes(end=end)).answers == message.control_id
    assert desk.item(message).PatientName == "Rivera^Elena^Maria^Ms"
    (remark,) = desk.remarks()
    assert remark.severity == "warning"
    assert "a segment ends with CR" in remark.rule
    assert "send CR" in remark.repair


def test_row_27_both_line_ends_in_one_message(desk):
    message = order()
    lines = message.bytes().split(b"\r")
    desk.accepts(b"\n".join(lines[:2]) + b"\n" + b"\r".join(lines[2:]))
    assert [remark.severity for remark in desk.remarks()] == ["warning"]


# ---- the patient


@pytest.mark.parametrize("kind", ["ORM", "OMI", "ADT"])
def test_row_28_no_pid(desk, kind):
    message = (adt() if kind == "ADT" else order(kind)).without("PID")
    desk.refuses(message.bytes(), "AE", 100, "PID", names="PID", repair="send PID after MSH")


@pytest.mark.parametrize("kind", ["ORM", "OMI", "ADT"])
@pytest.mark.parametrize("value", ["", '""', "~", "^^^^MR"])
def test_row_29_no_patient_identifier(desk, kind, value):
    message = (adt() if kind == "ADT" else order(kind)).put("PID-3", value)
    desk.refuses(message.bytes(), "AE", 101, "PID^1^3", names="PID-3", repair="medical record number")


def test_row_29_an_account_number_names_no_patient(desk):
    message = order().put("PID-3", "A-55120^^^NORTHGATE^AN").put("PID-18", "A-55120")
    desk.refuses(message.bytes(), "AE", 101, "PID^1^3", names="medical record number", repair="MR in PID-3.5")


@pytest.mark.parametrize(
    ("path", "value", "location"),
    [
        ("PID-7", "20260230", "PID^1^7"),
        ("PID-7", "19841301", "PID^1^7"),
        ("PID-7", "17.06.1984", "PID^1^7"),
        ("PID-7", "19840617\\.br\\", "PID^1^7"),
        ("ORC-7", "^^^20260229093000^^R", "ORC^1^7^1^4"),
        ("ORC-7", "^^^20260302253000^^R", "ORC^1^7^1^4"),
        ("MSH-7", "20260302086100", "MSH^1^7"),
    ],
)
def test_row_30_impossible_date(desk, path, value, location):
    desk.refuses(order().put(path, value).bytes(), "AE", 102, location, names=path, repair="YYYYMMDD")


def test_row_30_impossible_date_in_tq1(desk):
    message = order("OMI").put("TQ1-7", "20261302")
    desk.refuses(message.bytes(), "AE", 102, "TQ1^1^7", names="TQ1-7", repair="YYYYMMDD")


@pytest.mark.parametrize("kind", ["ORM", "OMI", "ADT"])
@pytest.mark.parametrize("value", ["Z", "f", "female"])
def test_row_31_sex(desk, kind, value):
    message = (adt() if kind == "ADT" else order(kind)).put("PID-8", value)
    desk.refuses(message.bytes(), "AE", 103, "PID^1^8", names=value, repair="M, F, O, U")


@pytest.mark.parametrize("number", [3, 4, 5, 11, 12])
def test_a_header_with_a_field_that_is_too_long_is_answered(desk, number):
    message = order("ORM").put(f"MSH-{number}", "x" * 70_000)
    desk.refuses(message.bytes(), "AE", 104, f"MSH^1^{number}", names="70000 characters", repair="shorter")


# ---- the order


@pytest.mark.parametrize(("kind", "location"), [("ORM", "OBR^1^18"), ("OMI", "IPC^1^1^1^1")])
def test_row_32_a_long_accession_number_is_refused_never_cut(desk, kind, location):
    message = order(kind).put(ACCESSION[kind], "A" * 17)
    desk.refuses(message.bytes(), "AE", 104, location, names="17 characters", repair="at most 16")
    assert desk.lab.ris.order_book.steps(accession_number="A" * 16) == ()


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_row_32_sixteen_characters_fit(desk, kind):
    message = order(kind).put(ACCESSION[kind], f"{kind}-0123456789AB")
    desk.accepts(message)
    assert desk.item(message).AccessionNumber == f"{kind}-0123456789AB"


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_row_33_an_accession_number_one_field_too_far_is_accepted_and_is_none(desk, kind):
    message = order(kind).put(PROCEDURE_ID[kind], f"{kind}-33")
    desk.accepts(message)
    item = desk.item(message)
    assert item.RequestedProcedureID == f"{kind}-33"
    assert item.AccessionNumber not in ("", f"{kind}-33")
    assert desk.remarks() == []


def test_row_33_where_the_rest_is_shifted_as_well_the_missing_modality_is_named(desk):
    message = order().put("OBR-18", "|A-33")
    assert message.lines[-1].split("|")[25] == "MR"
    desk.refuses(message.bytes(), "AE", 101, "OBR^1^24", names="modality", repair="MR, CT")


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_row_34_escapes_are_decoded_once(desk, kind):
    message = order(kind)
    message.put("PID-5", r"O\T\Hara^M\S\C^\X41\nn").put("OBR-31", r"^a\F\b\S\c\T\d\R\e \E\F\E\ \Zlocal\ \H\bold\N\ ")
    message.add(r"NTE|1||first\.br\second \E\.br\E\ third")
    desk.accepts(message)
    item = desk.item(message)
    assert item.PatientName == "O&Hara^M C^Ann", "^ structures a PN and cannot stand in it"
    # LO has no backslash, which separates values in DICOM
    assert item.ReasonForTheRequestedProcedure == "a|b^c&d~e /F/ /Zlocal/ bold"
    assert item.RequestedProcedureComments == "first\r\nsecond \\.br\\ third"
    assert desk.remarks() == []


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_row_35_null_deletes_and_empty_leaves(desk, kind):
    message = order(kind).add("NTE|1||bring earlier images")
    desk.accepts(message)
    empty = message.anew().put("ORC-1", "XO").put("OBR-31", "").put("PID-7", "").put("NTE-3", "")
    desk.accepts(empty)
    item = desk.item(message)
    assert (item.ReasonForTheRequestedProcedure, item.PatientBirthDate) == ("Headache", "19840617")
    null = message.anew().put("ORC-1", "XO").put("OBR-31", '""').put("PID-7", '""').put("NTE-3", '""')
    desk.accepts(null)
    item = desk.item(message)
    assert (item.ReasonForTheRequestedProcedure, item.PatientBirthDate) == ("", "")
    assert item.RequestedProcedureComments == ""
    assert item.PatientName == "Rivera^Elena^Maria^Ms"


def test_row_35_null_in_a_check_in(desk):
    message = order()
    desk.accepts(message)
    arrival = adt("A08").put("PID-7", '""')
    desk.accepts(arrival)
    assert desk.item(message).PatientBirthDate == ""


# ---- characters


@pytest.mark.parametrize(
    ("declared", "codec", "byte"),
    [("", "utf-8", "0xC3"), ("ASCII", "latin-1", "0xF1"), ("UNICODE UTF-8", "latin-1", "0xF1")],
)
def test_row_36_bytes_outside_the_declared_character_set(desk, declared, codec, byte):
    message = order().put("MSH-18", declared).put("PID-5", "Núñez^Ana" if declared == "" else "Muñoz^Ana")
    body = message.bytes(codec)
    offset = next(place for place, one in enumerate(body) if one > 127)
    desk.refuses(body, "AE", 102, "PID^1^5", names=f"byte {byte} at offset {offset}", repair="MSH-18")


@pytest.mark.parametrize("declared", ["KLINGON", "UTF-8", "8859/15", "8859/1~KLINGON"])
def test_row_37_unknown_character_set(desk, declared):
    message = order().put("MSH-18", declared)
    answer = desk.refuses(message.bytes(), "AE", 103, "MSH^1^18", names=declared[-7:], repair="UNICODE UTF-8")
    assert answer.raw.isascii()
    assert answer.field("MSH-18") == ""


@pytest.mark.parametrize(
    ("declared", "codec", "name"),
    [
        ("8859/1", "latin-1", "Núñez^Ana"),
        ("8859/2", "iso8859-2", "Dvořák^Jiří"),
        ("8859/5", "iso8859-5", "Иванов^Пётр"),
        ("8859/7", "iso8859-7", "Παπαδόπουλος^Νίκος"),
        ("UNICODE UTF-8", "utf-8", "Yamada^Tarou~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P"),
        ("~ISO IR87", "iso2022_jp", "Yamada^Tarou~山田^太郎^^^^^L^I"),
        ("GB 18030-2000", "gb18030", "Wang^Xiaodong~王^小东^^^^^L^I"),
        ("KS X 1001", "euc_kr", "Hong^Gildong~洪^吉洞^^^^^L^I"),
    ],
)
def test_row_36_what_the_declared_character_set_has_comes_through(desk, declared, codec, name):
    message = order().put("MSH-18", declared).put("PID-5", name)
    answer = desk.accepts(message.bytes(codec))
    assert answer.field("MSH-18") == declared
    expected = "=".join("^".join(part for part in one.split("^")[:2]) for one in name.split("~"))
    assert desk.item(message).PatientName == expected


@pytest.mark.parametrize("application", ["MÜNCHEN", "山田"])
def test_the_senders_name_goes_back_byte_for_byte(desk, application):
    message = order().put("MSH-3", application)
    answer = desk.accepts(message)
    assert answer.field("MSH-5") == application
    refused = order().put("MSH-3", application).put("PID-8", "Z")
    assert desk.refuses(refused.bytes(), "AE", 103, "PID^1^8", names="PID-8").field("MSH-5") == application


def test_a_control_id_goes_back_byte_for_byte(desk):
    message = order().put("MSH-10", f"Nº{new_control_id()}").put("MSH-18", "8859/1")
    raw = desk.client.ask(message.bytes("latin-1")).raw
    assert b"\rMSA|AA|" + message.control_id.encode("latin-1") + b"|" in raw


# ---- acknowledgments


@pytest.mark.parametrize(
    "answer",
    [
        b"MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||ACK^O01|E1|P|2.3.1\rMSA|AA|T1\r",
        b"MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||ACK|E2|P|2.5.1\rMSA|AE|T1\rERR||PID^1^3|101|E\r",
        b"MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||ACK|E3|P|2.5.1|||AL|AL\rMSA|CA|T1\r",
        b"MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||ORR^O02|E4|P|2.3.1\rMSA|AA|T1\rORC|OK|P1\r",
        b"MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302|ACK^O01|E5|P|2.3.1\rMSA|AA|T1\r",
        b"msh|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||ACK^O01|E6|P|2.3.1\rMSA|AA|T1\r",
        b"BHS|^~\\&|EMR|NORTHGATE\rMSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||ACK|E7|P|2.3.1\rMSA|AA|T1\rBTS|1\r",
    ],
    ids=["AA", "AE", "CA", "ORR", "shifted", "small letters", "in a batch"],
)
def test_row_38_an_acknowledgment_is_never_acknowledged(desk, answer):
    desk.is_silent_about(answer, rule="an acknowledgment is never acknowledged", repair="which system")


@pytest.mark.parametrize(
    ("accept", "application", "on_success", "on_error", "on_reject"),
    [
        ("AL", "", "CA", "CE", "CR"),
        ("AL", "AL", "CA", "CE", "CR"),
        ("AL", "NE", "CA", "CE", "CR"),
        ("ER", "NE", "", "CE", "CR"),
        ("SU", "NE", "CA", "", ""),
        ("NE", "NE", "", "", ""),
        ("NE", "AL", "AA", "AE", "AR"),
        ("", "AL", "AA", "AE", "AR"),
        ("", "ER", "", "AE", "AR"),
        ("NE", "SU", "AA", "", ""),
    ],
)
def test_row_39_enhanced_mode_answers_as_asked(desk, accept, application, on_success, on_error, on_reject):
    def ask(message):
        return message.put("MSH-15", accept).put("MSH-16", application)

    good, wrong, foreign = order(), order().put("PID-8", "Z"), order().put("MSH-9", "ZZZ^Z01")
    for message, expected in ((good, on_success), (wrong, on_error), (foreign, on_reject)):
        body = ask(message).bytes()
        before = len(desk.book())
        if expected:
            answer = desk.client.ask(body)
            assert (answer.code, answer.answers) == (expected, message.control_id)
        else:
            desk.client.send(body)
            honest = order()
            assert desk.client.ask(honest.bytes()).answers == honest.control_id
        accepted = (message is good) + (not expected)
        assert len(desk.book()) == before + accepted


@pytest.mark.parametrize("path", ["MSH-15", "MSH-16"])
def test_row_39_a_wish_outside_table_0155_is_refused_and_answered(desk, path):
    message = order().put(path, "XX")
    location = f"MSH^1^{path[4:]}"
    desk.refuses(message.bytes(), "AE", 103, location, names="0155", repair="AL, NE, ER, SU")


@pytest.mark.parametrize(
    ("begin", "end", "where"),
    [
        (b"FHS|^~\\&|EMR|NORTHGATE\rBHS|^~\\&|EMR|NORTHGATE\r", b"BTS|2\rFTS|1\r", "FHS"),
        (b"BHS|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||name|comment|B-1|B-0\r", b"BTS|2\r", "BHS"),
        (b"", b"", "MSH"),
    ],
    ids=["FHS", "BHS", "two MSH"],
)
def test_row_40_a_batch_is_refused_as_a_whole(desk, begin, end, where):
    first, second = order(), order()
    body = begin + first.bytes() + second.bytes() + end
    answer = desk.refuses(
        body, "AE", 100, where, names="one answer cannot stand", answers=first.control_id, repair="a frame of its own"
    )
    assert (answer.field("MSH-5"), answer.field("MSH-11"), answer.field("MSH-12")) == ("EMR", "P", "2.3.1")


def test_row_40_a_batch_without_a_message_is_answered_by_its_own_id(desk):
    body = b"BHS|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302||name|comment|B-40\rBTS|0\r"
    desk.refuses(body, "AE", 100, "BHS", names="batch", answers="B-40", repair="a frame of its own")


# ---- beyond the list


def test_a_message_for_another_system_is_rejected(desk):
    message = order().put("MSH-5", "LIS")
    desk.refuses(message.bytes(), "AR", 103, "MSH^1^5", names="LIS", repair="RIS")
    message = order().put("MSH-6", "SOUTHGATE")
    desk.refuses(message.bytes(), "AR", 103, "MSH^1^6", names="SOUTHGATE")


def test_a_message_for_nobody_in_particular_is_taken(desk):
    desk.accepts(order().put("MSH-5", "").put("MSH-6", ""))


def test_two_patients_in_one_message_are_refused(desk):
    message = order()
    message.lines.insert(2, "PID|2||NG-2^^^NORTHGATE^MR||Other^Man")
    desk.refuses(message.bytes(), "AE", 100, "PID", names="two patients", repair="a message of its own")


@pytest.mark.parametrize("name", ["", "^", '""'])
def test_a_patient_without_a_name_is_refused(desk, name):
    desk.refuses(order().put("PID-5", name).bytes(), "AE", 101, "PID^1^5", names="name", repair="family")


def test_a_step_of_the_worklist_has_all_that_the_order_said(desk):
    """The oracle of the tests above: what is right comes through as it is."""
    message = order("OMI").put("IPC-1", "RIGHT-1").put("IPC-2", "RP-1").put("IPC-4", "SPS-1").put("IPC-3", "1.2.3.4")
    desk.accepts(message)
    item = desk.lab.ris.order_book.steps(placer_order_number=message.placer)[0].item
    assert (item.accession_number, item.requested_procedure_id) == ("RIGHT-1", "RP-1")
    assert (item.scheduled_procedure_step_id, item.study_instance_uid) == ("SPS-1", "1.2.3.4")
    from hl7dicom_lab.dicom import data_set

    assert get(data_set.decode(item.data_set), f"{STEP}.Modality") == "MR"
