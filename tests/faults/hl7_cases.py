"""Rows 19 to 40 of the list of faults: what is wrong in an HL7 message, and what is right although it looks strange."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from answers import Line, ask, asks, said, speak
from case import Case
from hl7_text import Hl7Text, adt, header, new_control_id, order, report
from honest import on_the_worklist

if TYPE_CHECKING:
    from department import Department

NAME, BIRTH_DATE, ACCESSION, REASON, PROCEDURE = 0x00100010, 0x00100030, 0x00080050, 0x00401002, 0x00401001


def _framed(body: bytes) -> bytes:
    return b"\x0b" + body + b"\x1c\r"


def says(make: Callable[[], bytes]) -> Callable[[Department], str]:
    """A case that sends what has no MSH-10 that could be read."""
    return lambda department: speak(department, _framed(make()))


def takes(
    make: Callable[[], Hl7Text], expected: dict[int, str], spoil: Callable[[bytes], bytes] = bytes
) -> Callable[[Department], str]:
    """A case whose order is right: what a scanner then finds of it on the worklist."""

    def play(department: Department) -> str:
        message = make()
        told = ask(department, message, spoil(message.bytes()))
        (item,) = on_the_worklist(department, message.placer, *expected)
        assert {tag: item[tag] for tag in expected} == expected
        return told

    return play


def small_msh() -> Hl7Text:
    return order().put("MSH-10", new_control_id().lower())


def _small_header(body: bytes) -> bytes:
    line, rest = body.split(b"\r", 1)
    return line.lower() + b"\r" + rest


def _byte_order_mark(body: bytes) -> bytes:
    return b"\xef\xbb\xbf" + body


def missing_pipe(body: bytes) -> bytes:
    return body.replace(b"||ORM", b"|ORM", 1)


def doubled_pipe(body: bytes) -> bytes:
    return body.replace(b"||ORM", b"|||ORM", 1)


def without_control_id() -> Hl7Text:
    return order().put("MSH-10", "")


def _other_separators(body: bytes) -> bytes:
    return body.translate(bytes.maketrans(b"|^~\\&", b"#*@!%"))


def _line_feeds(body: bytes) -> bytes:
    return body.replace(b"\r", b"\n")


def _both_line_ends(body: bytes) -> bytes:
    return body.replace(b"\r", b"\r\n")


def escapes() -> Hl7Text:
    message = order().put("PID-5", r"O\T\Hara^M\S\C^\X41\nn")
    return message.put("OBR-31", r"^a\F\b\S\c\T\d\R\e \E\F\E\ f")


def null_and_empty(department: Department) -> str:
    """A change that leaves the name and the reason as they are, and deletes the date of birth."""
    message = order()
    told = ask(department, message)
    change = message.anew().put("ORC-1", "XO").put("OBR-31", "").put("PID-7", '""')
    told += f"; {ask(department, change)}"
    (item,) = on_the_worklist(department, message.placer, NAME, BIRTH_DATE, REASON)
    assert (item[NAME], item[BIRTH_DATE], item[REASON]) == ("Rivera^Elena^Maria^Ms", "", "Headache")
    return told


def shifted_accession(department: Department) -> str:
    message = order().put("OBR-18", "").put("OBR-19", "ACC-33")
    told = ask(department, message)
    (item,) = on_the_worklist(department, message.placer, ACCESSION, PROCEDURE)
    assert item[PROCEDURE] == "ACC-33"
    assert item[ACCESSION] not in ("", "ACC-33")
    return told


def latin_in_utf_8(department: Department) -> str:
    message = order().put("PID-5", "Muñoz^Ana")
    body = message.bytes("latin-1")
    with Line(department) as line:
        line.send(body)
        got, still_open = line.until_quiet()
    assert f"0xF1 at offset {body.index(0xF1)}" in got[0].field("ERR-8")
    return said(got, still_open)


def utf_8_undeclared() -> Hl7Text:
    return order().put("MSH-18", "").put("PID-5", "Núñez^Ana")


def _acknowledgment(code: str, kind: str = "ACK^O01") -> bytes:
    return f"{header(kind)}\rMSA|{code}|T1\r".encode()


def wishes(accept: str, application: str, **fields: str) -> Callable[[], Hl7Text]:
    """An order that asks for its acknowledgments in enhanced mode; `fields` are spoiled, as PID_8="Z"."""

    def make() -> Hl7Text:
        message = order().put("MSH-15", accept).put("MSH-16", application)
        for path, value in fields.items():
            message.put(path.replace("_", "-"), value)
        return message

    return make


def wants_none(department: Department) -> str:
    message = wishes("NE", "NE")()
    told = ask(department, message)
    assert len(department.steps(message.placer)) == 1
    return told


def _in_a_batch(body: bytes) -> bytes:
    return b"FHS|^~\\&|EMR|NORTHGATE\rBHS|^~\\&|EMR|NORTHGATE\r" + body + order().bytes() + b"BTS|2\rFTS|1\r"


def _two_in_a_frame(body: bytes) -> bytes:
    return body + order().bytes()


def put(path: str, value: str, make: Callable[[], Hl7Text] = order) -> Callable[[Department], str]:
    """A case that sends a right message with one field changed."""
    return asks(lambda: make().put(path, value))


_SILENT = "no answer, still open"
_NO_MSH = "a message begins with MSH"
_ACK = "an acknowledgment arrived where messages are expected"
_SHIFT = "every field is possible where it stands; the ruler of the message explorer shows the numbers"
_RIGHT = "the message is right"
_WISHED = "the answer is as it was wished for"

CASES = (
    Case(19, "an order without MSH", _SILENT, says(order().without("MSH").bytes), _NO_MSH),
    Case(19, "half an MSH", _SILENT, says(lambda: b"MSH|^~\\&"), _NO_MSH),
    Case(19, "msh in small letters", "AR 100 at MSH", asks(small_msh, _small_header), _NO_MSH),
    Case(19, "a byte order mark before MSH", "AR 100 at MSH", asks(order, _byte_order_mark), _NO_MSH),
    Case(19, "an order in UTF-16", _SILENT, says(lambda: order().bytes("utf-16")), _NO_MSH),
    Case(20, "MSH with a separator too few", "AR 100 at MSH-9", asks(order, missing_pipe), "the header is shifted"),
    Case(20, "MSH with a separator too many", "AR 100 at MSH-9", asks(order, doubled_pipe), "the header is shifted"),
    Case(21, "message type ZZZ", "AR 200 at MSH-9.1", put("MSH-9", "ZZZ^Z01"), "does not process ZZZ"),
    Case(21, "a report for the RIS", "AR 200 at MSH-9.1", asks(lambda: report("RIS")), "does not process ORU"),
    Case(22, "event O99 of ORM", "AR 201 at MSH-9.2", put("MSH-9", "ORM^O99"), "does not process the event O99"),
    Case(22, "ADT^A40, merge of patients", "AR 201 at MSH-9.2", asks(lambda: adt("A40")), "the event A40"),
    Case(23, "processing id X", "AR 202 at MSH-11", put("MSH-11", "X"), "processing id 'X'"),
    Case(24, "version 2.9", "AR 203 at MSH-12", put("MSH-12", "2.9"), "version '2.9'"),
    Case(24, "no version", "AR 203 at MSH-12", put("MSH-12", ""), "version ''"),
    Case(25, "MSH-10 with a blank", "AE 101 at MSH-10", put("MSH-10", " "), "refused: MSH-10"),
    Case(25, "empty MSH-10", "AE 101 at MSH-10", asks(without_control_id), "refused: MSH-10"),
    Case(
        26,
        "other separators: # * @ ! %",
        "AA",
        takes(order, {NAME: "Rivera^Elena^Maria^Ms"}, _other_separators),
        untraced=_RIGHT,
        changes=True,
    ),
    Case(
        27,
        "LF between segments",
        "AA",
        takes(order, {NAME: "Rivera^Elena^Maria^Ms"}, _line_feeds),
        "the segments end with LF",
        changes=True,
    ),
    Case(
        27,
        "CR and LF between segments",
        "AA",
        takes(order, {NAME: "Rivera^Elena^Maria^Ms"}, _both_line_ends),
        "the segments end with LF",
        changes=True,
    ),
    Case(28, "no PID", "AE 100 at PID", asks(lambda: order().without("PID")), "refused: PID"),
    Case(29, "no PID-3", "AE 101 at PID-3", put("PID-3", ""), "refused: PID-3"),
    Case(29, "PID-3 with an issuer and no identifier", "AE 101 at PID-3", put("PID-3", "^^^NORTHGATE^MR"), "PID-3"),
    Case(30, "born on 30 February", "AE 102 at PID-7", put("PID-7", "20260230"), "no possible date"),
    Case(30, "born in the time zone +9999", "AE 102 at PID-7", put("PID-7", "19840617+9999"), "no possible date"),
    Case(30, "an order for 25:30", "AE 102 at ORC-7.4", put("ORC-7", "^^^20260302253000^^R"), "no possible date"),
    Case(31, "sex Z", "AE 103 at PID-8", put("PID-8", "Z"), "refused: PID-8"),
    Case(32, "an accession number of 17 characters", "AE 104 at OBR-18", put("OBR-18", "A" * 17), "17 characters"),
    Case(33, "the accession number in OBR-19", "AA", shifted_accession, untraced=_SHIFT, changes=True),
    Case(33, "OBR with a separator too many", "AE 101 at OBR-24", put("OBR-18", "|ACC-33"), "names no modality"),
    Case(
        34,
        "escape sequences in name and reason",
        "AA",
        takes(escapes, {NAME: "O&Hara^M C^Ann", REASON: "a|b^c&d~e /F/ f"}),
        untraced=_RIGHT,
        changes=True,
    ),
    Case(35, 'a change with "" and with an empty field', "AA; AA", null_and_empty, untraced=_RIGHT, changes=True),
    Case(36, "a byte of Latin-1 in UTF-8", "AE 102 at PID-5", latin_in_utf_8, "byte 0xF1 at offset"),
    Case(36, "UTF-8 that MSH-18 does not declare", "AE 102 at PID-5", asks(utf_8_undeclared), "byte 0xC3 at offset"),
    Case(37, "character set KLINGON", "AE 103 at MSH-18", put("MSH-18", "KLINGON"), "refused: MSH-18"),
    Case(38, "an ACK arrives", _SILENT, says(lambda: _acknowledgment("AA")), _ACK),
    Case(38, "a commit acknowledgment arrives", _SILENT, says(lambda: _acknowledgment("CA", "ACK")), _ACK),
    Case(38, "an answer to an order arrives", _SILENT, says(lambda: _acknowledgment("AE", "ORR^O02")), _ACK),
    Case(39, "enhanced mode, a right order", "CA", asks(wishes("AL", "NE")), untraced=_WISHED, changes=True),
    Case(39, "enhanced mode, sex Z", "CE 103 at PID-8", asks(wishes("AL", "NE", PID_8="Z")), "refused: PID-8"),
    Case(39, "enhanced mode, event O99", "CR 201 at MSH-9.2", asks(wishes("ER", "", MSH_9="ORM^O99")), "event O99"),
    Case(39, "an order that wants no answer", _SILENT, wants_none, untraced=_WISHED, changes=True),
    Case(39, "MSH-15 with XX", "AE 103 at MSH-15", put("MSH-15", "XX"), "refused: MSH-15"),
    Case(40, "a batch of two orders", "AE 100 at FHS", asks(order, _in_a_batch), "one answer cannot stand"),
    Case(40, "two messages in one frame", "AE 100 at MSH", asks(order, _two_in_a_frame), "one answer cannot stand"),
)
