"""The checks of exercises 07-e2 and 07-e3: one report for two receivers, each of which gets a message of its own.

IHE RAD-28; OBR-25 by HL7 table 0123, OBX-11 by table 0085. Rule: what is wrong in a message is told before it is sent,
so that a mistake leaves nothing behind that a later step would stumble over; then the receiver itself decides.
"""

from __future__ import annotations

from typing import Any

from hl7dicom_lab import story
from hl7dicom_lab.course.exercises import sent_report
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Report, ReportStatus
from hl7dicom_lab.verdict import Verdict, right, wrong

ACCESSION = "NG000001"
FINDINGS = "FINDINGS: Ventricles & sulci are of normal size. No mass, no midline shift."
IMPRESSION = "IMPRESSION: Normal brain & orbits | no follow-up."
NEW_IMPRESSION = "IMPRESSION: Normal brain & orbits. Follow-up if the headache persists."

#: OBR-22 to the minute: when the final report was signed, and when it was corrected.
_SIGNED_AT, _CORRECTED_AT = "202603020955", "202603021020"


def check_mended(lab: Lab, answer: Any) -> Verdict:
    """The final report in a message that the PACS takes; it goes to the PACS alone."""
    given = sent_report.read(answer)
    if isinstance(given, Verdict):
        return given
    message, report = given
    off = _wrong_name(message) or _keys_off(report) or _not_signed(report)
    if off:
        return off
    answered = sent_report.send(lab, lab.pacs.hl7, message)
    if not answered.accepted:
        return _refused("PACS", answered)
    return right("The PACS accepts it. EMR and PACS both hold the final report, and the EMR was not asked again.")


def _wrong_name(message: Message) -> Verdict | None:
    receiver = message.get("MSH-5")
    if receiver in ("", story.PACS):
        return None
    name, whose = {
        story.EMR: ("other receiver", "this is the EMR's copy"),
        "PACS-OLD": ("old name", "an old name"),
    }.get(receiver, ("other name", "no system of this department has that name"))
    return wrong(
        name,
        f"MSH-5 is {receiver}: {whose}. The receiver of this message is called PACS, and it refuses what is addressed "
        "to another application.",
    )


def _not_signed(report: Report) -> Verdict | None:
    if report.status is not ReportStatus.FINAL:
        return wrong(
            "not final",
            f"OBR-25 is {report.status}. Dr Lindqvist has signed, so the report is final: use the status that the "
            "EMR's copy has.",
        )
    if not report.status_changed_at.startswith(_SIGNED_AT):
        return wrong(
            "moment",
            f"OBR-22 is {report.status_changed_at or 'empty'}. The report became final at 09:55, and the EMR's copy "
            "says so too: 20260302095500.",
        )
    texts = _texts(report)
    for name, text in (("findings", FINDINGS), ("impression", IMPRESSION)):
        if text not in texts:
            return wrong(
                "other text",
                f"The text of the {name} is missing, or it differs from the EMR's copy. Both receivers get the same "
                "paragraphs: the list signed holds them.",
            )
        if texts[text] != "F":
            return wrong(
                "paragraph not final",
                f"OBR-25 is F, but OBX-11 of the {name} is {texts[text] or 'empty'}. In the list signed each paragraph "
                "is final too.",
            )
    return None


def check_corrected(lab: Lab, answer: Any) -> Verdict:
    """The corrected report for EMR and PACS, with OBX-11 C for what has changed alone; each goes to its receiver."""
    if not isinstance(answer, dict) or set(answer) != {story.EMR, story.PACS}:
        return wrong("form", 'Keep the dictionary with the keys "EMR" and "PACS", a message under each.')
    messages: dict[str, Message] = {}
    for name, given in answer.items():
        told = sent_report.read(given)
        if isinstance(told, Verdict):
            return wrong(told.mistake, f"{name}: {told.words}")
        off = _correction_off(name, *told)
        if off:
            return off
        messages[name] = told[0]
    for name, address in ((story.EMR, lab.emr.hl7), (story.PACS, lab.pacs.hl7)):
        answered = sent_report.send(lab, address, messages[name])
        if not answered.accepted:
            return _refused(name, answered)
    held = (lab.emr.report(ACCESSION), lab.pacs.open_study(ACCESSION).report)
    if not all(one is not None and one.status is ReportStatus.CORRECTED for one in held):
        return wrong(
            "not current",
            "Both have taken the message, but not as the current report: another version has a later OBR-22. Run the "
            "lesson again from its first cell.",
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
    if not report.status_changed_at.startswith(_CORRECTED_AT):
        return wrong("moment", _moment_off(name, report.status_changed_at))
    return _paragraphs_off(name, _texts(report))


def _moment_off(name: str, moment: str) -> str:
    said = f"OBR-22 is {moment or 'empty'} in the message for {name}. "
    if moment and moment < _SIGNED_AT:
        return f"{said}That is before the final report (09:55), so the correction would be kept but not shown."
    return f"{said}The impression was changed at 10:20: 20260302102000."


def _texts(report: Report) -> dict[str, str]:
    """Each paragraph with its OBX-11."""
    return {one.text.strip(): one.status for one in report.observations if one.value_type in ("TX", "FT", "ST")}


def _paragraphs_off(name: str, texts: dict[str, str]) -> Verdict | None:
    if FINDINGS not in texts:
        return wrong(
            "findings are missing",
            f"The message for {name} lacks the findings as they were. A corrected report takes the place of the whole "
            "version before it: what it does not hold, nobody sees any more.",
        )
    if NEW_IMPRESSION not in texts or IMPRESSION in texts:
        return wrong(
            "impression",
            f"The impression in the message for {name} is not the new one alone. Send new_impression in the place of "
            "the old impression.",
        )
    if texts[NEW_IMPRESSION] != "C":
        return wrong(
            "changed paragraph",
            f"OBX-11 of the impression is {texts[NEW_IMPRESSION] or 'empty'}. This paragraph is the correction: "
            "table 0085 has C for it.",
        )
    if texts[FINDINGS] != "F":
        return wrong(
            "unchanged paragraph",
            f"OBX-11 of the findings is {texts[FINDINGS] or 'empty'}. They are what they were when the report was "
            "signed, so their status stays F.",
        )
    return None


def _keys_off(report: Report) -> Verdict | None:
    if report.patient_id != story.PATIENT.identifier.value:
        return wrong(
            "other patient",
            f"PID-3 names the patient {report.patient_id or '(nobody)'}. Elena Rivera is NG-100237; the segment pid "
            "from above has it.",
        )
    if report.accession_number != ACCESSION:
        return wrong(
            "accession number",
            f"OBR-18 is {report.accession_number or 'empty'}. The accession number of this study is printed in step 1.",
        )
    return None


def _refused(name: str, answered: Acknowledgment) -> Verdict:
    if answered.error_code == "205":
        return wrong(
            "control id",
            f"{name} answers {answered.code}: MSH-10 {answered.control_id} was used for another message before. A new "
            "message gets a new MSH-10; only a repetition of the very same message keeps it.",
        )
    return wrong("refused", f"{name} answers {answered.code or 'nothing'}: {answered.text}")
