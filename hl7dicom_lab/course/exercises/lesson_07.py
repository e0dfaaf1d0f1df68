"""Lesson 07: both statuses of a report, a copy that one receiver refused, and a corrected report for both."""

from __future__ import annotations

from typing import Any

from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.exercises.reports_for_two import NEW_IMPRESSION, check_corrected, check_mended
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.verdict import Verdict, right, wrong

_STATUSES = {"early": ("P", "P"), "signed": ("F", "F"), "changed": ("C", "C"), "unchanged": ("C", "F")}
#: Values that table 0085 has and table 0123 has not.
_OF_OBSERVATIONS_ONLY = ("D", "N", "U", "W")


def _check_statuses(_: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, dict) or set(answer) != set(_STATUSES):
        return wrong("form", "Keep the dictionary with the cases early, signed, changed and unchanged; fill the pairs.")
    for case, expected in _STATUSES.items():
        given = answer[case]
        if not isinstance(given, (tuple, list)) or len(given) != len(expected):
            return wrong("form", f'{case}: write a pair, such as ("P", "F"): first OBR-25, then OBX-11.')
        said = tuple(str(one).strip() for one in given)
        if not all(len(one) == 1 and one.isupper() for one in said):
            return wrong("form", f"{case}: write one capital letter of the table in each place, such as P.")
        if said != expected:
            return _about(case, *said)
    return right(
        "OBR-25 says how far the whole report is, OBX-11 how far one observation is. In a corrected report a paragraph "
        "that did not change has C in the one and F in the other."
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
    if case == "changed" and whole == "C" and one == "F":
        return wrong(
            "changed is unchanged",
            "changed: F in OBX-11 says that this paragraph is as it was signed. Here it is the correction itself, and "
            "table 0085 has a letter for that.",
        )
    return wrong(
        "other",
        f"{case}: OBR-25 = {whole} and OBX-11 = {one} do not say that. Look the case up in the table above: the "
        "first letter is about the whole report, the second about one observation.",
    )


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
new_impression = "{NEW_IMPRESSION}"
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
            Mistake("changed is unchanged", _with(changed=("C", "F")), "Here it is the correction itself"),
            Mistake("other", _with(signed=("P", "F")), "the second about one observation"),
        ),
    ),
    Exercise(
        id="07-e2",
        title="Mend what the PACS refused",
        answer="mended",
        check=check_mended,
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
                "paragraph not final",
                _mending('"PACS", "RPT-2-PACS-B", "F", "20260302095500", early'),
                "OBX-11 of the findings is P",
            ),
            Mistake(
                "moment",
                _mending('"PACS", "RPT-2-PACS-B", "F", "20260302094000", signed'),
                "The report became final at 09:55",
            ),
            Mistake(
                "other text",
                _mending('"PACS", "RPT-2-PACS-B", "F", "20260302095500", signed[:1]'),
                "Both receivers get the same paragraphs",
            ),
            Mistake(
                "control id",
                _mending('"PACS", "RPT-1-PACS", "F", "20260302095500", signed'),
                "was used for another message before",
            ),
            Mistake("answer", 'mended = "MSA|AA|RPT-2-EMR|filed in the chart"', "This is a receiver's answer"),
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
        check=check_corrected,
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
