"""Lesson 02: a frame, a refusal that is read, an order that is mended, an order that is written.

Rule: what the learner wrote is sent to the RIS over a real connection, and the RIS decides (placed_order.py for the
two orders).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from hl7dicom_lab import story, story_day
from hl7dicom_lab.clock import CLASS_START
from hl7dicom_lab.course.exercise import Exercise, Mistake, Unfinished, YourCodeRaises, call
from hl7dicom_lab.course.exercises.placed_order import Task, check_order
from hl7dicom_lab.hl7v2 import acknowledge, orders
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Patient, Visit
from hl7dicom_lab.story_day import Booking
from hl7dicom_lab.verdict import Verdict, right, wrong

_PATIENCE = 5.0
_ONLY_BYTES = (
    "body is bytes, and only bytes can be put together with bytes: "
    'write each blank as b"...", with b before the quotation marks.'
)
_NO_NAMES = 'The table names the bytes for people. Python needs the bytes themselves, as b"..." in its last column.'

#: The header of the lesson, its control id to be filled in, and the orders that the lesson sends.
_HEADER = r"MSH|^~\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080000||ORM^O01|{}|P|2.3.1||||||UNICODE UTF-8"


def _message(control_id: str, *segments: str) -> str:
    return "\r".join((_HEADER.format(control_id), *segments)) + "\r"


_ELENA = _message(
    "MSG00001",
    "PID|||NG-100237^^^NORTHGATE^MR||Rivera^Elena^Maria^^Ms||19840617|F",
    "PV1||O|||||||||||||||||V-2026-0412^^^NORTHGATE^VN",
    "ORC|NW|P00001|||||^^^20260302093000^^R",
    "OBR||P00001||MRBRAIN^MRI brain without contrast^99NORTHGATE||||||||||||||||||||MR",
)
_UNKNOWN_SEX = _ELENA.replace("MSG00001", "MSG00003").replace("P00001", "P00002").replace("|F\r", "|W\r")
_MARCO = _message(
    "MSG00006",
    "PID|||NG-100251^^^NORTHGATE^MR||Rivera^Marco||03091959|M",
    "PV1||O|||||||||||||||||V-2026-0415^^^NORTHGATE^VN",
    "ORC|NW|P00003|||||^^^20260302103000^^R",
    "OBR||P00003||CTCHEST^CT chest with contrast^99NORTHGATE||||||||||||||||||||CAT",
)
_CHIDI = _message(
    "MSG00009",
    "PID|||NG-100402^^^NORTHGATE^MR||Okonkwo^Chidi||20010530|M",
    "PV1||O|||||||||||||||||V-2026-0414^^^NORTHGATE^VN",
    "ORC|NW|P00004|||||^^^20260302100000^^R",
    "OBR||P00004||XRCHEST^Chest radiograph, one view^99NORTHGATE||||||||||||||||||||CR",
)
_SENT_BEFORE = f"lab.emr.send({_ELENA.encode()!r})"


def _exchange(lab: Lab, framed: bytes) -> bytes:
    """What the RIS answers to these bytes; empty where it says nothing in time."""
    reply = b""
    try:
        with socket.create_connection((lab.ris.hl7.host, lab.ris.hl7.port), timeout=_PATIENCE) as line:
            line.sendall(framed)
            while not reply.endswith(b"\x1c\r") and (part := line.recv(4096)):
                reply += part
    except TimeoutError:
        return b""
    return reply


# -- 02-e1 --


def _check_frame(lab: Lab, answer: Any) -> Verdict:
    header = Envelope(story.EMR, story.FACILITY, story.RIS, story.FACILITY, CLASS_START, "CHECK-02-E1")
    body = orders.adt(header, "A08", story_day.LARS_AKESSON, Visit())
    framed = _framed(answer, body.decode("utf-8"))
    fault = next(_faults_of_frame(framed, body), None)
    if fault is not None:
        return fault
    reply = _exchange(lab, bytes(framed))
    if not reply:
        return wrong(
            "no answer", "The RIS gives no answer to a message in your frame. Compare it with the table again."
        )
    code = acknowledge.read(reply[1:-2]).code
    return right(f"A message in your frame has reached the RIS, and it answers {code}: VT opens, FS and CR close.")


def _framed(answer: Any, text: str) -> Any:
    """What the learner's function makes of a text. A blank that is still in it makes the addition fail."""
    try:
        return call(answer, text)
    except YourCodeRaises as problem:
        if "ellipsis" in problem.words:
            raise Unfinished from problem
        if isinstance(problem.__cause__, TypeError):
            raise YourCodeRaises(f"{problem.words} {_ONLY_BYTES}") from problem
        if isinstance(problem.__cause__, NameError):
            raise YourCodeRaises(f"{problem.words} {_NO_NAMES}") from problem
        raise


def _faults_of_frame(framed: Any, body: bytes) -> Iterator[Verdict]:
    if isinstance(framed, str):
        yield wrong("text", "Your function returns text; a network carries bytes. Put b before each quotation mark.")
    if not isinstance(framed, (bytes, bytearray)):
        yield wrong("other type", f"Your function returns a value of type {type(framed).__name__}; bytes are expected.")
    if framed.startswith((b"0x", b"\\x", b"VT")):
        yield wrong(
            "spelled out",
            f"The frame begins with the letters {framed[:4]!r}: they are several bytes. One byte is a backslash, x and "
            "two hexadecimal digits, with one backslash and no r before the quotation marks.",
        )
    if not framed.startswith(b"\x0b"):
        yield wrong(
            "no VT",
            f"The frame begins with {bytes(framed[:3])!r}. VT, 0x0B, has to come first: without it the receiver takes "
            "the bytes for noise.",
        )
    if framed.endswith(b"\x1c\r\r"):
        yield wrong("CR twice", "The frame ends with FS and two CR. One CR closes it, and nothing follows.")
    if framed.endswith((b"\x1c\n", b"\x1c\r\n")):
        yield wrong("LF", "The frame ends with LF, 0x0A. After FS there is CR, 0x0D, and nothing else.")
    if framed.endswith(b"\x1c"):
        yield wrong("only FS", "The frame ends with FS. One more byte belongs to it, the last row of the table.")
    if not framed.endswith(b"\x1c\r"):
        yield wrong(
            "no FS",
            f"The frame ends with {bytes(framed[-2:])!r}. FS, 0x1C, has to stand before the last CR; otherwise the "
            "receiver waits for the end.",
        )
    if bytes(framed[1:-2]) != body:
        yield wrong(
            "changed", "Between VT and FS the message has to stand as it is, byte for byte: body, and nothing else."
        )


# -- 02-e2 --


def _check_reading(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, Mapping) or not {"code", "answers", "field", "condition"} <= set(answer):
        return wrong("form", "Four values are expected, under the names code, answers, field and condition.")
    reply = _exchange(lab, b"\x0b" + _UNKNOWN_SEX.encode() + b"\x1c\r")
    ack = acknowledge.read(reply[1:-2])
    said = {name: str(value).strip() for name, value in answer.items()}
    fault = next(_faults_of_reading(said, ack), None)
    if fault is not None:
        return fault
    return right(
        f"{ack.code} to {ack.control_id}: {ack.location}, condition {ack.error_code}. A program needs no more."
    )


def _faults_of_reading(said: Mapping[str, str], ack: Acknowledgment) -> Iterator[Verdict]:
    if said["code"].upper() != ack.code:
        yield wrong("code", f"code is {said['code']!r}. It stands in MSA-1: two letters, of table 0008.")
    if said["answers"].startswith(story.RIS):
        yield wrong("own id", f"{said['answers']} is MSH-10 of the answer itself. What it answers stands in MSA-2.")
    if said["answers"] != ack.control_id:
        yield wrong("answers", f"answers is {said['answers']!r}. Look at MSA-2: it repeats the MSH-10 of one message.")
    segment, _, number = ack.location.partition("-")
    place = re.sub(r"[^A-Z0-9]+", "-", said["field"].upper()).strip("-")
    if place in (f"{segment}-1", f"{segment}-1-{number}"):
        yield wrong(
            "occurrence",
            "The second component of ERR-1 is not the field: it says which of the segments of that name is meant. "
            "The field is the third. Write the segment, a hyphen and the field.",
        )
    if place not in (f"{segment}-{number}", f"{segment}{number}"):
        yield wrong("field", f"field is {said['field']!r}. ERR-1 names the segment first and the field third.")
    if not re.match(rf"{ack.error_code}\b", said["condition"]):
        yield wrong(
            "condition",
            f"condition is {said['condition']!r}. It is the number at the beginning of the fourth component of ERR-1, "
            "from table 0357.",
        )


# -- 02-e3 and 02-e4: an order that the RIS has to hold in the end --


def _ids(*numbers: int) -> frozenset[str]:
    return frozenset(f"MSG{number:05d}" for number in numbers)


def _booking_of(patient: Patient) -> Booking:
    return next(one for one in story_day.TODAY if one.patient == patient)


_FOR_MARCO = Task(_booking_of(story_day.MARCO_RIVERA), "P00003", used=_ids(1, 2, 3, 4), refused="MSG00006")
_FOR_CHIDI = Task(_booking_of(story_day.CHIDI_OKONKWO), "P00004", used=_ids(1, 2, 3, 4, 6, 7, 8))


def _check_mended(lab: Lab, answer: Any) -> Verdict:
    return check_order(lab, answer, _FOR_MARCO)


def _check_chidi(lab: Lab, answer: Any) -> Verdict:
    return check_order(lab, answer, _FOR_CHIDI)


def _as_code(name: str, text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        if old not in text:
            raise ValueError(f"{old!r} is not in the message")
        text = text.replace(old, new)
    return f"{name} = {text!r}"


def _reading(**changed: str) -> str:
    right_one = {"code": "AE", "answers": "MSG00003", "field": "PID-8", "condition": "103"}
    return f"reading = {right_one | changed}"


def _framing(expression: str) -> str:
    return f'def frame(text):\n    body = text.encode("utf-8")\n    return {expression}'


_BIRTH_DATE, _MODALITY, _NEW_ID = ("03091959", "19590903"), ("|CAT", "|CT"), ("MSG00006", "MSG00007")

_MENDING = f"""\
refused = {_MARCO!r}
mended = refused.replace("03091959", "19590903")
mended = mended.replace("|CAT", "|CT")
mended = mended.replace("MSG00006", "MSG00007")"""

_WRITING = r"""
def segment(name, fields):
    values = [fields.get(number, "") for number in range(1, max(fields) + 1)]
    return "|".join([name, *values])


header = r"MSH|^~\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080000||ORM^O01|MSG00009|P|2.3.1||||||UNICODE UTF-8"
xray = "XRCHEST^Chest radiograph, one view^99NORTHGATE"
segments = [
    header,
    segment("PID", {3: "NG-100402^^^NORTHGATE^MR", 5: "Okonkwo^Chidi", 7: "20010530", 8: "M"}),
    segment("PV1", {2: "O", 19: "V-2026-0414^^^NORTHGATE^VN"}),
    segment("ORC", {1: "NW", 2: "P00004", 7: "^^^20260302100000^^R"}),
    segment("OBR", {2: "P00004", 4: xray, 24: "CR"}),
]
chidi = "\r".join(segments) + "\r"
"""

EXERCISES = (
    Exercise(
        id="02-e1",
        title="Frame a message",
        answer="frame",
        check=_check_frame,
        hints=(
            "Four things stand in the table, one below the other. The message is body. What goes before it?",
            "The first blank is one byte, the second is two. Several bytes may stand in one pair of quotation marks.",
            'The line begins with return b"\\x0b" + body + and ends with the two bytes FS and CR, as b"...".',
        ),
        solution=_framing('b"\\x0b" + body + b"\\x1c\\r"'),
        mistakes=(
            Mistake("text", _framing('"\\x0b" + text + "\\x1c\\r"'), "a network carries bytes"),
            Mistake("raises", _framing('"\\x0b" + body + "\\x1c\\r"'), "only bytes can be put together with bytes"),
            Mistake("spelled out", _framing('b"0x0B" + body + b"0x1C0x0D"'), "they are several bytes"),
            Mistake("no VT", _framing('body + b"\\x1c\\r"'), "VT, 0x0B, has to come first"),
            Mistake("only FS", _framing('b"\\x0b" + body + b"\\x1c"'), "One more byte belongs to it"),
            Mistake("CR twice", _framing('b"\\x0b" + body + b"\\x1c\\r\\r"'), "One CR closes it"),
            Mistake("LF", _framing('b"\\x0b" + body + b"\\x1c\\n"'), "ends with LF, 0x0A"),
            Mistake("no FS", _framing('b"\\x0b" + body + b"\\r"'), "FS, 0x1C, has to stand before the last CR"),
            Mistake("changed", _framing('b"\\x0b" + body.strip() + b"\\x1c\\r"'), "byte for byte"),
        ),
    ),
    Exercise(
        id="02-e2",
        title="Read a refusal",
        answer="reading",
        check=_check_reading,
        hints=(
            "The second line is MSA, the third ERR. Field 1 is the first value after the name of the segment.",
            "MSA-1 is the code, MSA-2 the message. ERR-1 has four components with ^ between them.",
            "Of ERR-1 take the first and the third component for the field, and the number before & for the condition.",
        ),
        solution=_reading(),
        mistakes=(
            Mistake("code", _reading(code="103"), "It stands in MSA-1"),
            Mistake("own id", _reading(answers="RIS000003"), "MSH-10 of the answer itself"),
            Mistake("answers", _reading(answers="MSG00002"), "it repeats the MSH-10"),
            Mistake("occurrence", _reading(field="PID-1"), "which of the segments of that name"),
            Mistake("field", _reading(field="PID-3"), "names the segment first and the field third"),
            Mistake("condition", _reading(condition="101"), "from table 0357"),
        ),
        before=_SENT_BEFORE,
    ),
    Exercise(
        id="02-e3",
        title="Mend a refused order",
        answer="mended",
        check=_check_mended,
        hints=(
            "The answer above names PID-7. How does HL7 write a date? Elena Rivera's birth date is a pattern.",
            "Three values change: the birth date (year, month, day), the modality of a CT, and the control id. Each is "
            "one replace, and the next one goes on with the result.",
            'Begin with mended = refused.replace("03091959", "19590903") and go on with mended = mended.replace(...).',
        ),
        solution=_MENDING,
        mistakes=(
            Mistake("modality", _as_code("mended", _MARCO, _BIRTH_DATE, _NEW_ID), "in DICOM's two letters"),
            Mistake("birth date", _as_code("mended", _MARCO, _MODALITY, _NEW_ID), "year, month, day: YYYYMMDD"),
            Mistake(
                "no birth date", _as_code("mended", _MARCO, ("03091959", ""), _MODALITY, _NEW_ID), "PID-7 is empty"
            ),
            Mistake(
                "other birth date",
                _as_code("mended", _MARCO, ("03091959", "19590309"), _MODALITY, _NEW_ID),
                "a possible date and not his",
            ),
            Mistake(
                "other modality", _as_code("mended", _MARCO, _BIRTH_DATE, ("|CAT", "|MR"), _NEW_ID), "OBR-24 says MR"
            ),
            Mistake("same control id", _as_code("mended", _MARCO, _BIRTH_DATE, _MODALITY), "MSH-10 is still MSG00006"),
        ),
        before=_SENT_BEFORE,
    ),
    Exercise(
        id="02-e4",
        title="Write an order that the RIS accepts",
        answer="chidi",
        check=_check_chidi,
        hints=(
            "Five segments: a header with the new control id, PID, PV1, ORC, OBR. Begin with the cell of Marco Rivera.",
            "Every value of the table has its field: PID-3, PID-5, PID-7, PID-8; PV1-2, PV1-19; ORC-1, ORC-2, ORC-7; "
            "OBR-2, OBR-4, OBR-24. The fourth component of ORC-7 is the start.",
            'PID is segment("PID", {3: "NG-100402^^^NORTHGATE^MR", 5: "Okonkwo^Chidi", 7: "20010530", 8: "M"}). '
            'Write the others alike, and join them with "\\r".',
        ),
        solution=_WRITING,
        mistakes=(
            Mistake("modality", _as_code("chidi", _CHIDI, ("|CR", "|XR")), "no station of this department does XR"),
            Mistake(
                "name", _as_code("chidi", _CHIDI, ("Okonkwo^Chidi", "Chidi^Okonkwo")), "The family name comes first"
            ),
            Mistake("patient", _as_code("chidi", _CHIDI, ("NG-100402", "NG-100237")), "PID-3 holds 'NG-100237'"),
            Mistake(
                "issuer", _as_code("chidi", _CHIDI, ("NG-100402^^^NORTHGATE^MR", "NG-100402")), "Its fourth component"
            ),
            Mistake("class", _as_code("chidi", _CHIDI, ("PV1||O", "PV1||")), "The class of an outpatient"),
            Mistake("other number", _as_code("chidi", _CHIDI, ("OBR||P00004", "OBR||")), "It repeats the order number"),
            Mistake("priority", _as_code("chidi", _CHIDI, ("^^R", "^^S")), "A routine order has R"),
            Mistake("birth date", _as_code("chidi", _CHIDI, ("20010530", "30052001")), "PID-7: '30052001'"),
            Mistake("control id", _as_code("chidi", _CHIDI, ("MSG00009", "MSG00001")), "MSH-10 numbers one message"),
            Mistake("order number", _as_code("chidi", _CHIDI, ("P00004", "P00001")), "ORC-2 numbers one order"),
            Mistake("no start", _as_code("chidi", _CHIDI, ("^^^20260302100000^^R", "")), "in its fourth component"),
            Mistake("LF", _as_code("chidi", _CHIDI, ("\r", "\n")), "ends a segment with CR"),
            Mistake("spelled out", _as_code("chidi", _CHIDI, ("\r", "\\r")), "backslash and the letter r"),
            Mistake("no CR", _as_code("chidi", _CHIDI, ("\r", "")), "in one line"),
            Mistake("not joined", 'chidi = ["MSH", "PID"]', "join them with"),
            Mistake("answer", 'chidi = {"MSA": ["MSA", "AA", "MSG00009"]}', "answer of the RIS"),
        ),
        before=_SENT_BEFORE,
    ),
)
