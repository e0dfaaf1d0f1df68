"""Lesson 07: both statuses of a report, a copy that one receiver refused, and a corrected report for both."""

from __future__ import annotations

from typing import Any

from hl7dicom_lab import story
from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.verdict import Verdict, right, wrong
from hl7dicom_lab.errors import DeliveryError, Hl7Fault, PeerError
from hl7dicom_lab.hl7v2 import acknowledge
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.groups import reports
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.oru_to_report import oru_to_report
from hl7dicom_lab.model import Hl7Address, Report, ReportStatus
from hl7dicom_lab.services.mllp_sender import MllpSender

_ACCESSION = "NG000001"
_FINAL_AT = "20260302095500"
_FINDINGS = "FINDINGS: Ventricles & sulci are of normal size. No mass, no midline shift."
_IMPRESSION = "IMPRESSION: Normal brain & orbits | no follow-up."
_NEW_IMPRESSION = "IMPRESSION: Normal brain & orbits. Follow-up if the headache persists."

_STATUSES = {"early": ("P", "P"), "signed": ("F", "F"), "changed": ("C", "C"), "unchanged": ("C", "F")}
#: Values that table 0085 has and table 0123 has not.
_OF_OBSERVATIONS_ONLY = ("D", "N", "U", "W")


def _check_statuses(_: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, dict) or set(answer) != set(_STATUSES):
        return wrong("form", "Keep the dictionary with the cases early, signed, changed and unchanged; fill the pairs.")
    for case, expected in _STATUSES.items():
        given = answer[case]
        if not isinstance(given, (tuple, list)) or len(given) != len(expected):
            return wrong("form", f'{case}: write a pair, such as ("X", "X"): first OBR-25, then OBX-11.')
        said = tuple(str(one).strip() for one in given)
        if said != expected:
            return _about(case, *said)
    return right(
        "OBR-25 says how far the whole report is, OBX-11 how far one observation is. In the corrected report both "
        "letters differ for the paragraph that did not change."
    )


def _about(case: str, whole: str, one: str) -> Verdict:
    if whole in _OF_OBSERVATIONS_ONLY:
        return wrong(
            "table 0085 in OBR-25",
            f"{case}: {whole} is in table 0085 only, for one observation. OBR-25 takes its value from table 0123.",
        )
    if whole == "R":
        return wrong(
            "not verified",
            f"{case}: R is a result that is stored and not yet verified. An early reading that is given out is "
            "another letter of table 0123.",
        )
    if case in ("changed", "unchanged") and whole == "F":
        return wrong(
            "final again",
            f"{case}: with F in OBR-25 nobody learns that the signed report was changed. Table 0123 has a letter "
            "for a report that corrects a final one.",
        )
    if case == "unchanged" and one == "C":
        return wrong(
            "unchanged is corrected",
            "unchanged: C in OBX-11 says that this paragraph is a correction. It has not changed, so its status is "
            "still the one that it got when the report was signed.",
        )
    return wrong(
        "other",
        f"{case}: OBR-25 = {whole} and OBX-11 = {one} do not say that. Look at the case in the table above: the "
        "first letter is about the whole report, the second about one observation.",
    )


def _check_mended(lab: Lab, answer: Any) -> Verdict:
    read = _read(answer)
    if isinstance(read, Verdict):
        return read
    message, report = read
    off = _wrong_name(message) or _keys_off(report)
    if off:
        return off
    answered = _send(lab, lab.pacs.hl7, message)
    if not answered.accepted:
        return _refused("PACS", answered)
    versions = lab.pacs.reports.history(_ACCESSION)
    if not any(one.report.control_id == message.control_id and one.report.status == "F" for one in versions):
        return wrong(
            "not final",
            f"The PACS has taken the message, but its OBR-25 is {report.status}. Dr Lindqvist has signed, so "
            "the report is final: use the status and the paragraphs that the EMR's copy has.",
        )
    return right("The PACS accepts it. EMR and PACS both hold the final report, and the EMR was not asked again.")


def _wrong_name(message: Message) -> Verdict | None:
    receiver = message.get("MSH-5")
    if receiver in ("", story.PACS):
        return None
    name, whose = ("other receiver", "this is the EMR's copy") if receiver == story.EMR else ("old name", "an old name")
    return wrong(
        name,
        f"MSH-5 is {receiver}: {whose}. The receiver of this message is called PACS, and it refuses what is addressed "
        "to another application.",
    )


def _check_corrected(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, dict) or set(answer) != {story.EMR, story.PACS}:
        return wrong("form", 'Keep the dictionary with the keys "EMR" and "PACS", a message under each.')
    messages = {}
    for name, given in answer.items():
        read = _read(given)
        verdict = read if isinstance(read, Verdict) else _correction_off(name, *read)
        if verdict:
            return verdict
        messages[name] = read[0]  # type: ignore[index] # no Verdict, or it would have been returned
    for name, address in ((story.EMR, lab.emr.hl7), (story.PACS, lab.pacs.hl7)):
        answered = _send(lab, address, messages[name])
        if not answered.accepted:
            return _refused(name, answered)
    held = (lab.emr.report(_ACCESSION), lab.pacs.open_study(_ACCESSION).report)
    if not all(one is not None and one.status is ReportStatus.CORRECTED for one in held):
        return wrong(
            "not current",
            "Both have taken the message, but not as the current report. Look at OBR-22 (20260302102000) in both.",
        )
    return right(
        "Both hold the corrected report, with OBX-11 C for the impression alone. The final version stays on record."
    )


def _correction_off(name: str, message: Message, report: Report) -> Verdict | None:
    if message.get("MSH-5") not in ("", name):
        return wrong(
            "addressee",
            f"The message under {name} has {message.get('MSH-5')} in MSH-5, and {name} would refuse it (AR). Each "
            "receiver gets a message of its own.",
        )
    off = _keys_off(report)
    if off:
        return off
    if report.status is not ReportStatus.CORRECTED:
        return wrong(
            "not corrected",
            f"OBR-25 is {report.status} in the message for {name}. The signed report is being corrected, and readers "
            "have to see that: table 0123 has a letter for it.",
        )
    if (report.status_changed_at or report.sent_at) < _FINAL_AT:
        return wrong(
            "moment",
            f"OBR-22 is {report.status_changed_at} in the message for {name}. That is before the final report "
            "(09:55), so the correction would be kept but not shown.",
        )
    texts = {one.text.strip(): one.status for one in report.observations if one.value_type in ("TX", "FT", "ST")}
    return _paragraphs_off(name, texts)


def _paragraphs_off(name: str, texts: dict[str, str]) -> Verdict | None:
    if _FINDINGS not in texts:
        return wrong(
            "findings are missing",
            f"The message for {name} lacks the findings as they were. A corrected report takes the place of the whole "
            "version before it: what it does not hold, nobody sees any more.",
        )
    if _NEW_IMPRESSION not in texts or _IMPRESSION in texts:
        return wrong(
            "impression",
            f"The impression in the message for {name} is not the new one alone. Send new_impression in the place of "
            "the old impression.",
        )
    if texts[_NEW_IMPRESSION] != "C":
        return wrong(
            "changed paragraph",
            f"OBX-11 of the impression is {texts[_NEW_IMPRESSION] or 'empty'}. This paragraph is the correction: "
            "table 0085 has C for it.",
        )
    if texts[_FINDINGS] != "F":
        return wrong(
            "unchanged paragraph",
            f"OBX-11 of the findings is {texts[_FINDINGS] or 'empty'}. They are what they were when the report was "
            "signed, so their status stays F.",
        )
    return None


def _read(answer: Any) -> tuple[Message, Report] | Verdict:
    """The learner's message and the report in it, or what a reader makes of an answer that is none."""
    body = answer if isinstance(answer, bytes) else str(answer).encode("utf-8")
    try:
        message = Message.parse(body.removeprefix(b"\x0b").removesuffix(b"\x1c\r"))
        (group,) = reports(message)
        return message, oru_to_report(group).report
    except Hl7Fault as fault:
        return wrong("unreadable", f"This is no report that a receiver could read. {fault}")
    except ValueError:
        return wrong("unreadable", "One message carries one report here: one OBR, then its OBX.")


def _keys_off(report: Report) -> Verdict | None:
    if report.patient_id != story.PATIENT.identifier.value:
        return wrong(
            "other patient",
            f"PID-3 names the patient {report.patient_id or '(nobody)'}. Elena Rivera is NG-100237; the segment pid "
            "from above has it.",
        )
    if report.accession_number != _ACCESSION:
        return wrong(
            "accession number",
            f"OBR-18 is {report.accession_number or 'empty'}. The accession number of this study is printed in step 1.",
        )
    return None


def _send(lab: Lab, address: Hl7Address, message: Message) -> Acknowledgment:
    try:
        with MllpSender(
            address.host, address.port, trace=lab.trace, system=story.DICTATION, peer=address.application, attempts=1
        ) as sender:
            return acknowledge.read(sender.send(message.body))
    except (DeliveryError, PeerError) as failure:
        return Acknowledgment("", message.control_id, str(failure))


def _refused(name: str, answered: Acknowledgment) -> Verdict:
    if answered.error_code == "205":
        return wrong(
            "control id",
            f"{name} answers {answered.code}: MSH-10 {answered.control_id} was used for another message before. A new "
            "message gets a new MSH-10; only a repetition of the very same message keeps it.",
        )
    return wrong("refused", f"{name} answers {answered.code or 'nothing'}: {answered.text}")


_TOOLS = r"""
(study,) = lab.pacs.studies()


def segment(name, fields):
    numbers = range(1, max(fields) + 1)
    return "|".join([name] + [fields.get(number, "") for number in numbers])


def escaped(text):
    for character, letter in [("\\", "E"), ("|", "F"), ("^", "S"), ("&", "T"), ("~", "R")]:
        text = text.replace(character, "\\" + letter + "\\")
    return text


def report(receiver, control_id, status, changed, paragraphs):
    header = rf"MSH|^~\&|DICTATION|NORTHGATE|{receiver}|NORTHGATE|{changed}||ORU^R01"
    procedure = "MRBRAIN^MRI brain without contrast^99NORTHGATE"
    obr = {4: procedure, 18: "NG000001", 22: changed, 25: status, 32: "D2041&Lindqvist&Per&&&Dr"}
    study_key = {1: "1", 2: "HD", 3: "110180^Study Instance UID^DCM", 5: study.study_instance_uid, 11: "F"}
    pid = segment("PID", {3: "NG-100237^^^NORTHGATE^MR", 5: "Rivera^Elena^Maria^^Ms"})
    lines = [f"{header}|{control_id}|P|2.3.1", pid, segment("OBR", obr), segment("OBX", study_key)]
    for number, (text, text_status) in enumerate(paragraphs, 2):
        code = "18748-4^Diagnostic imaging study^LN"
        obx = {1: str(number), 2: "TX", 3: code, 5: escaped(text), 11: text_status}
        lines.append(segment("OBX", obx))
    return "\r".join(lines) + "\r"


findings = "FINDINGS: Ventricles & sulci are of normal size. No mass, no midline shift."
impression = "IMPRESSION: Normal brain & orbits | no follow-up."
signed = [(findings, "F"), (impression, "F")]
early = [(findings, "P"), (impression, "P")]
"""

_SEND = r"""
import socket


def send(address, message):
    with socket.create_connection((address.host, address.port), timeout=10) as connection:
        connection.sendall(b"\x0b" + message.encode("ascii") + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            part = connection.recv(4096)
            if not part:
                break
            answer += part
    return answer.decode("ascii").split("\r")[1]


receivers = {"EMR": lab.emr.hl7, "PACS": lab.pacs.hl7}
for name, address in receivers.items():
    send(address, report(name, f"RPT-1-{name}", "P", "20260302094000", early))
send(lab.emr.hl7, report("EMR", "RPT-2-EMR", "F", "20260302095500", signed))
send(lab.pacs.hl7, report("PACS-OLD", "RPT-2-PACS", "F", "20260302095500", signed))
"""

_MENDED = '\nmended = report("PACS", "RPT-2-PACS-B", "F", "20260302095500", signed)\n'

_NEW = f'''
new_impression = "{_NEW_IMPRESSION}"
'''


def _correcting(paragraphs: str, *, status: str = "C", changed: str = "20260302102000", ids: str = "RPT-4-") -> str:
    return f'''{_TOOLS}{_NEW}
paragraphs = {paragraphs}
corrected = {{
    "EMR": report("EMR", "{ids}EMR", "{status}", "{changed}", paragraphs),
    "PACS": report("PACS", "{ids}PACS", "{status}", "{changed}", paragraphs),
}}
'''


def _mending(arguments: str) -> str:
    return f"{_TOOLS}\nmended = report({arguments})\n"


def _with(**pairs: tuple[str, str]) -> str:
    return f"statuses = {_STATUSES | pairs!r}"


EXERCISES = (
    Exercise(
        id="07-e1",
        title="Give both statuses",
        answer="statuses",
        check=_check_statuses,
        hints=(
            "OBR-25 is the same in the cases changed and unchanged: it is one report, and it is about the whole.",
            "early is P in both tables, signed is F in both. A corrected report has C in OBR-25.",
            'Write ("C", "C") for the paragraph that changed. The one that did not change was final before, and still '
            "is.",
        ),
        solution="""
statuses = {
    "early": ("P", "P"),
    "signed": ("F", "F"),
    "changed": ("C", "C"),
    "unchanged": ("C", "F"),
}
""",
        mistakes=(
            Mistake("table 0085 in OBR-25", _with(changed=("W", "C")), "OBR-25 takes its value from table 0123"),
            Mistake("not verified", _with(early=("R", "P")), "stored and not yet verified"),
            Mistake("final again", _with(changed=("F", "C")), "nobody learns that the signed report was changed"),
            Mistake("unchanged is corrected", _with(unchanged=("C", "C")), "It has not changed"),
            Mistake("other", _with(signed=("P", "F")), "the second about one observation"),
        ),
    ),
    Exercise(
        id="07-e2",
        title="Mend what the PACS refused",
        answer="mended",
        check=_check_mended,
        hints=(
            "Read the PACS's answer again: it names the field, what stands in it, and who the receiver is.",
            "Take the line for_pacs from the cell above and change the first argument of report(...). As it is a new "
            "message, give it an MSH-10 of its own.",
            'Write mended = report("PACS", "RPT-2-PACS-B", "F", "20260302095500", signed).',
        ),
        solution=_TOOLS + _MENDED,
        mistakes=(
            Mistake(
                "old name",
                _mending('"PACS-OLD", "RPT-2-PACS-B", "F", "20260302095500", signed'),
                "MSH-5 is PACS-OLD: an old name",
            ),
            Mistake(
                "other receiver",
                _mending('"EMR", "RPT-2-EMR", "F", "20260302095500", signed'),
                "this is the EMR's copy",
            ),
            Mistake(
                "not final",
                _mending('"PACS", "RPT-2-PACS-B", "P", "20260302095500", early'),
                "Dr Lindqvist has signed",
            ),
            Mistake(
                "control id",
                _mending('"PACS", "RPT-1-PACS", "F", "20260302095500", signed'),
                "was used for another message before",
            ),
            Mistake(
                "accession number",
                _mending('"PACS", "RPT-2-PACS-B", "F", "20260302095500", signed')
                + '\nmended = mended.replace("NG000001", "P00001")\n',
                "OBR-18 is P00001",
            ),
        ),
        before=_TOOLS + _SEND,
    ),
    Exercise(
        id="07-e3",
        title="Send the corrected report to both",
        answer="corrected",
        check=_check_corrected,
        hints=(
            "The list of paragraphs is the same for both receivers: the findings with their status, and new_impression "
            "with its status.",
            'The statuses: OBR-25 is "C"; OBX-11 is "F" for the findings and "C" for the impression. The name of the '
            "receiver and MSH-10 differ between the two messages.",
            'With paragraphs = [(findings, "F"), (new_impression, "C")] the message for the EMR is report("EMR", '
            '"RPT-4-EMR", "C", "20260302102000", paragraphs). The one for the PACS is built alike.',
        ),
        solution=_correcting('[(findings, "F"), (new_impression, "C")]'),
        mistakes=(
            Mistake(
                "not corrected",
                _correcting('[(findings, "F"), (new_impression, "C")]', status="F"),
                "readers have to see that",
            ),
            Mistake(
                "unchanged paragraph",
                _correcting('[(findings, "C"), (new_impression, "C")]'),
                "so their status stays F",
            ),
            Mistake(
                "changed paragraph",
                _correcting('[(findings, "F"), (new_impression, "F")]'),
                "This paragraph is the correction",
            ),
            Mistake("findings are missing", _correcting('[(new_impression, "C")]'), "what it does not hold"),
            Mistake(
                "impression",
                _correcting('[(findings, "F"), (impression, "C")]'),
                "in the place of the old impression",
            ),
            Mistake(
                "moment",
                _correcting('[(findings, "F"), (new_impression, "C")]', changed="20260302092000"),
                "kept but not shown",
            ),
            Mistake(
                "addressee",
                _correcting('[(findings, "F"), (new_impression, "C")]') + '\ncorrected["PACS"] = corrected["EMR"]\n',
                "Each receiver gets a message of its own",
            ),
            Mistake(
                "control id",
                _correcting('[(findings, "F"), (new_impression, "C")]', ids="RPT-1-"),
                "A new message gets a new MSH-10",
            ),
        ),
        before=_TOOLS + _SEND + _MENDED + "send(lab.pacs.hl7, mended)\n",
    ),
)
