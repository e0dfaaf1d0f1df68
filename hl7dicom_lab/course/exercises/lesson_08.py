"""Lesson 08: which reports are attached, a report for the right patient, and a release from the exceptions queue."""

from __future__ import annotations

from functools import cache
from typing import Any

from hl7dicom_lab import story, story_day
from hl7dicom_lab.actors.report_association import associate
from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.exercises import sent_report
from hl7dicom_lab.course.starts import prepare
from hl7dicom_lab.dicom.person_names import name_key
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Report, ReportStatus
from hl7dicom_lab.verdict import Verdict, right, wrong

_ELENA, _MARCO, _LARS = "NG000001", "NG000004", "NG000002"
_ATTACHED, _HELD = "attached", "held"

#: What each report of the table shows, told to whoever predicts it wrong.
_RULES = {
    "A": "A: the patient agrees and the accession number leads to the study. One of the two study keys is enough.",
    "B": "B: a report without an accession number is not lost. Its Study Instance UID leads to the study as well.",
    "C": "C: the UID leads to Elena's study and the accession number to Marco's. Two keys that contradict each other "
    "are worse than one, and nothing is attached by guess.",
    "D": "D: the number is the same and its issuer is not. NG-100251 of CITY is a number of another hospital, so this "
    "may be another person.",
    "E": "E: the patient agrees, but nothing says which of the patient's studies is meant. A patient may have many.",
}


@cache
def _what_the_pacs_does() -> dict[str, str]:
    """What a PACS of a department like the learner's answers to the five reports: MSA-3 of each."""
    with Lab() as other:
        prepare(other, "08")
        uids = {one.accession_number: one.study_instance_uid for one in other.pacs.studies()}
        of_marco = f"{story_day.MARCO_RIVERA.identifier.value}^^^{story.ISSUER}^MR"
        keys = {
            "A": (of_marco, _MARCO, ""),
            "B": (of_marco, "", uids[_MARCO]),
            "C": (of_marco, _MARCO, uids[_ELENA]),
            "D": (of_marco.replace(story.ISSUER, "CITY"), _MARCO, uids[_MARCO]),
            "E": (of_marco, "", ""),
        }
        messages = {name: Message.parse(_report(name, *three)) for name, three in keys.items()}
        return {name: sent_report.send(other, other.pacs.hl7, one).text for name, one in messages.items()}


def _report(name: str, patient: str, accession: str, study_uid: str) -> bytes:
    lines = [
        rf"MSH|^~\&|DICTATION|NORTHGATE|PACS|NORTHGATE|20260302094000||ORU^R01|CHECK-{name}|P|2.3.1",
        f"PID|||{patient}||Rivera^Marco",
        f"OBR||||CTCHEST^CT chest with contrast^99NORTHGATE{'|' * 14}{accession}|||||||F",
        *([f"OBX||HD|110180^Study Instance UID^DCM||{study_uid}||||||F"] if study_uid else []),
        "OBX||TX|18748-4^Diagnostic imaging study^LN||No change.||||||F",
    ]
    return ("\r".join(lines) + "\r").encode("ascii")


def _check_prediction(_: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, dict) or set(answer) != set(_RULES):
        return wrong("form", 'Keep the dictionary with the reports A to E, and write "attached" or "held" to each.')
    told = _what_the_pacs_does()
    for name, text in told.items():
        given = str(answer[name]).strip().casefold()
        if given not in (_ATTACHED, _HELD):
            return wrong("form", f'{name}: write "attached" or "held", in quotation marks.')
        happened = _ATTACHED if text.startswith(_ATTACHED) else _HELD
        if given != happened:
            return wrong(f"{name} is {happened}", f"{_RULES[name]} The PACS answers: {text}.")
    return right("The second department's PACS attached A and B and keeps C, D and E in its queue, as you said.")


def _check_mended(lab: Lab, answer: Any) -> Verdict:
    given = sent_report.read(answer)
    if isinstance(given, Verdict):
        return given
    message, report = given
    off = _keys_off(lab, report) or _content_off(report)
    would_be = associate(report, lab.pacs.archive)  # asked first, so that a mistake leaves nothing in the queue
    if not off and would_be.study is None:
        return wrong(
            "held again", f"The PACS would keep this in its queue too: {would_be.reason}. Mend that key as well."
        )
    return off or _what_became_of(report, sent_report.send(lab, lab.pacs.hl7, message))


def _content_off(report: Report) -> Verdict | None:
    if report.status is not ReportStatus.FINAL:
        return wrong(
            "not final",
            f"OBR-25 is {report.status}. CT-1 was the final report, and no final one has reached Marco's study before: "
            "leave the status at its default, F.",
        )
    family_and_given = name_key("^".join(report.patient_name.split("^")[:2]))
    if report.patient_name and family_and_given != name_key("Rivera^Marco"):
        return wrong(
            "name",
            f"PID-5 is {report.patient_name}. The keys lead the report to Marco's study, but whose text is it then? "
            "His name is Rivera^Marco.",
        )
    if not report.status_changed_at.startswith("202603020940"):
        return wrong(
            "moment",
            f"OBR-22 is {report.status_changed_at}. CT-1 was final at 09:40, and that has not changed: leave changed "
            "at its default.",
        )
    return None


def _what_became_of(report: Report, answered: Acknowledgment) -> Verdict:
    if answered.error_code == "205":
        return wrong(
            "control id",
            f"The PACS answers {answered.code}: MSH-10 {report.control_id} was used before. It has accepted that "
            "message, although it holds the report. What you send now is a new message and needs a new MSH-10.",
        )
    if not answered.accepted:
        return wrong("refused", f"The PACS answers {answered.code or 'nothing'}: {answered.text}")
    return right("Marco Rivera's study has its final report. The wrong copy is still in the queue and beside nothing.")


def _keys_off(lab: Lab, report: Report) -> Verdict | None:
    if report.patient_id == story.PATIENT.identifier.value:
        return wrong(
            "patient changed",
            "PID-3 names Elena Rivera now. Patient and study would agree, and Marco's text would stand beside Elena's "
            "images. The report is about Marco: mend the key of the study, not the patient.",
        )
    if report.patient_id != story_day.MARCO_RIVERA.identifier.value:
        return wrong(
            "other patient",
            f"PID-3 names {report.patient_id or 'nobody'}. Marco Rivera is NG-100251 of NORTHGATE, as the variable "
            "marco has it.",
        )
    uid = next(one.study_instance_uid for one in lab.pacs.studies() if one.accession_number == _MARCO)
    if report.accession_number == _ELENA:
        return wrong(
            "accession number",
            "OBR-18 is still NG000001: that is Elena's study, and the report would be held again. Which accession "
            "number has Marco's CT?",
        )
    if report.accession_number != _MARCO and report.study_instance_uid != uid:
        return wrong(
            "no study",
            f"OBR-18 is {report.accession_number or 'empty'}, and no OBX leads to Marco's study. Give its accession "
            "number or its Study Instance UID.",
        )
    return None


def _check_decision(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, dict) or set(answer) != {"number", "by", "because"}:
        return wrong("form", 'Keep the dictionary with the keys "number", "by" and "because".')
    by, because = str(answer["by"]).strip(), str(answer["because"]).strip()
    number = int(answer["number"]) if str(answer["number"]).strip().isdecimal() else 0
    if len(because.split()) < 3 or not any(one.isalpha() for one in by):
        return wrong(
            "no reason",
            f"The entry would read: released by {by!r} because {because!r}. Somebody who reads it next year has to "
            "understand who decided and why. Write a name, and some words about what has changed since it was held.",
        )
    if number in _released(lab):
        return right("Lars Åkesson's report stands beside his images, and the history keeps who decided and why.")
    if number not in {one.number for one in lab.pacs.exceptions()}:
        return wrong(
            "no such number",
            f"No report waits under number {answer['number']}. The cell above prints the numbers of the queue.",
        )
    return _release(lab, number, by, because)


def _release(lab: Lab, number: int, by: str, because: str) -> Verdict:
    try:
        lab.pacs.release(number, by=by, because=because)
    except NotFound as problem:
        return wrong(
            "other report",
            f"Number {number} does not fit, and the PACS does not let it go: {problem.what}. A reason does not "
            "change that.",
        )
    if number not in _released(lab):
        return wrong("another study", f"Number {number} was another report. Look for the one of NG-100318, NG000002.")
    return right("Lars Åkesson's report stands beside his images, and the history keeps who decided and why.")


def _released(lab: Lab) -> set[int]:
    """The numbers under which released reports of Lars Åkesson's study have waited."""
    return {one.release.held_number for one in lab.pacs.reports.history(_LARS) if one.release}


_TOOLS = r"""
def segment(name, fields):
    numbers = range(1, max(fields) + 1)
    return "|".join([name] + [fields.get(number, "") for number in numbers])


def report(control_id, patient, name, accession="", uid="", status="F", changed="202603020940"):
    header = rf"MSH|^~\&|DICTATION|NORTHGATE|PACS|NORTHGATE|{changed}||ORU^R01|{control_id}|P|2.3.1"
    procedure = "CTCHEST^CT chest with contrast^99NORTHGATE"
    obr = {4: procedure, 18: accession, 22: changed, 25: status, 32: "D2041&Lindqvist&Per&&&Dr"}
    key = {2: "HD", 3: "110180^Study Instance UID^DCM", 5: uid, 11: "F"}  # a UID is no draft
    text = {2: "TX", 5: "FINDINGS: Nodule, left lower lobe.~IMPRESSION: No change.", 11: status}
    text[3] = "18748-4^Diagnostic imaging study^LN"
    lines = [segment("PID", {3: patient, 5: name}), segment("OBR", obr)]
    lines += [segment("OBX", key)] if uid else []
    return "\r".join([header, *lines, segment("OBX", text)]) + "\r"


marco = "NG-100251^^^NORTHGATE^MR"
"""

_SEND = r"""
import socket


def send(message):
    address = lab.pacs.hl7
    with socket.create_connection((address.host, address.port), timeout=10) as connection:
        connection.sendall(b"\x0b" + message.encode("ascii") + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            part = connection.recv(4096)
            if not part:
                break
            answer += part
    return answer.decode("ascii").split("\r")[1]


send(report("CT-1", marco, "Rivera^Marco", accession="NG000001"))
"""

_LATE_IMAGES = """
send(report("CT-4", "NG-100318^^^NORTHGATE^MR", "Akesson^Lars", accession="NG000002"))
scanner = lab.modalities["CT"]
(item,) = scanner.query(AccessionNumber="NG000002")
scanner.store(scanner.examine(item))
"""


def _mending(arguments: str) -> str:
    return f"{_TOOLS}\nmended = report({arguments})\n"


def _predicting(**different: str) -> str:
    right_ones = {"A": _ATTACHED, "B": _ATTACHED, "C": _HELD, "D": _HELD, "E": _HELD}
    return f"outcome = {right_ones | different!r}"


def _deciding(number: int, because: str) -> str:
    return f'decision = {{"number": {number}, "by": "PACS analyst", "because": "{because}"}}'


EXERCISES = (
    Exercise(
        id="08-e1",
        title="Predict five reports",
        answer="outcome",
        check=_check_prediction,
        hints=(
            "Ask two questions of each report: to which study do its keys lead, and is its patient that of the images?",
            "One study key is enough, so A and B do not need the other one. Where two keys are there, they have to "
            "lead to one study.",
            "A and B are attached. In C the keys contradict each other, D has another issuer, and E names no study.",
        ),
        solution="""
outcome = {
    "A": "attached",
    "B": "attached",
    "C": "held",
    "D": "held",
    "E": "held",
}
""",
        mistakes=(
            Mistake("B is attached", _predicting(B=_HELD), "leads to the study as well"),
            Mistake("C is held", _predicting(C=_ATTACHED), "contradict each other"),
            Mistake("D is held", _predicting(D=_ATTACHED), "a number of another hospital"),
            Mistake("E is held", _predicting(E=_ATTACHED), "which of the patient's studies is meant"),
        ),
    ),
    Exercise(
        id="08-e2",
        title="Mend the report that is held",
        answer="mended",
        check=_check_mended,
        hints=(
            "Patient and name were right. Read in MSA-3 what was not, and take the line that sent CT-1 as a beginning.",
            "The accession number of Marco's CT is NG000004. A message with new content gets a new MSH-10.",
            'Write mended = report("CT-3", marco, "Rivera^Marco", accession="NG000004").',
        ),
        solution=_mending('"CT-3", marco, "Rivera^Marco", accession="NG000004"'),
        mistakes=(
            Mistake(
                "accession number",
                _mending('"CT-3", marco, "Rivera^Marco", accession="NG000001"'),
                "OBR-18 is still NG000001",
            ),
            Mistake(
                "patient changed",
                _mending('"CT-3", "NG-100237^^^NORTHGATE^MR", "Rivera^Elena", accession="NG000001"'),
                "mend the key of the study, not the patient",
            ),
            Mistake(
                "control id",
                _mending('"CT-1", marco, "Rivera^Marco", accession="NG000004"'),
                "although it holds the report",
            ),
            Mistake(
                "held again",
                _mending('"CT-3", marco.replace("NORTHGATE", "CITY"), "Rivera^Marco", accession="NG000004"'),
                "The PACS would keep this in its queue too",
            ),
            Mistake("no study", _mending('"CT-3", marco, "Rivera^Marco"'), "no OBX leads to Marco's study"),
            Mistake(
                "not final",
                _mending('"CT-3", marco, "Rivera^Marco", accession="NG000004", status="P"'),
                "CT-1 was the final report",
            ),
            Mistake(
                "name",
                _mending('"CT-3", marco, "Rivera^Elena", accession="NG000004"'),
                "His name is Rivera^Marco",
            ),
        ),
        before=_TOOLS + _SEND,
    ),
    Exercise(
        id="08-e3",
        title="Release the report with a reason",
        answer="decision",
        check=_check_decision,
        hints=(
            "The cell above prints which numbers wait, and why each was held. For which is the reason gone?",
            "Number 1 is about Marco and names Elena's study: no reason makes that right. The other one was held "
            "because there were no images.",
            'Write the number without quotation marks, your name under "by", and under "because" that the images of '
            "NG000002 are here now.",
        ),
        solution="""
waiting = [one.number for one in lab.pacs.exceptions() if one.report.accession_number == "NG000002"]
released = [one.release.held_number for one in lab.pacs.reports.history("NG000002") if one.release]
decision = {
    "number": (waiting + released)[0],
    "by": "PACS analyst",
    "because": "the images of NG000002 have come",
}
""",
        mistakes=(
            Mistake("other report", _deciding(1, "the images have come now"), "the PACS does not let it go"),
            Mistake("no such number", _deciding(17, "the images have come now"), "No report waits under number 17"),
            Mistake("no reason", _deciding(2, "ok"), "who decided and why"),
        ),
        before=_TOOLS + _SEND + _LATE_IMAGES,
    ),
)
