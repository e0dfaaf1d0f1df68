"""The report's column of the mapping map: the keys that lead it back to its study, compared with what they came from.

IHE RAD-28; HL7 v2.3.1 section 7.2. Rules: a key is compared with the image's attribute, or with the worklist's where
images do not have it; text, status and signature are the radiologist's own.
"""

from __future__ import annotations

import re

from hl7dicom_lab.dicom.person_names import group_keys
from hl7dicom_lab.mapping.attributes import get
from hl7dicom_lab.mapping.table import REPORT_TO_STUDY, REQUEST, WORKLIST_TO_IMAGE, ReportRow
from hl7dicom_lab.model import CodedEntry, Origin, Report
from hl7dicom_lab.views.mapping_map.evidence import Examination, field_of, report_as_sent
from hl7dicom_lab.views.mapping_map.image_column import same
from hl7dicom_lab.views.mapping_map.paths import IMAGE, REPORT, WORKLIST, Mark, Value
from hl7dicom_lab.views.mapping_map.sketch import Sketch

_RADIOLOGIST, _DICTATION = "the radiologist", "the dictation system"
#: Who makes what no study has.
_MAKERS = {"status_changed_at": _DICTATION, "document": _DICTATION}
_NOTES_OF_MADE = {
    "observations": "one status for each OBX (table 0085)",
    "status": "the whole report (table 0123)",
}
#: What happens on the way to HL7, by the row's rule.
_TURNED = {
    "patient_name": "PN to XPN: prefix and suffix change places",
    "staff_name": "PN to XCN: prefix and suffix change places",
    "coded_entry": "code sequence item to CE",
    "moment": "date and time in one TS",
}


def add_report(sketch: Sketch, examination: Examination) -> None:
    """The report's fields: the keys first, then what only the report has."""
    if examination.report is None:
        return
    report, origins, _ = report_as_sent(examination.report, examination.messages)
    rows = sorted(REPORT_TO_STUDY, key=lambda row: not row.study)
    for row in rows:
        origin, source = origins.get(row.field), _source(sketch, row)
        label, text = field_of(origin) if origin else (row.oru[0], "")
        if source is not None:
            value = sketch.value(REPORT, label, text, group=source.group)
            mark, rule = _compared(row, source, report, origin, examination)
            sketch.link(source, value, mark, rule)
            time = sketch.attribute(IMAGE, "StudyTime") if row.rule == "moment" and origin and len(text) > 8 else None
            if time is not None:
                sketch.link(time, value, mark, rule)
        elif origin is not None:
            by = "" if row.study else _MAKERS.get(row.field, _RADIOLOGIST)
            note = (
                "no image and no worklist line to compare it with" if row.study else _NOTES_OF_MADE.get(row.field, "")
            )
            group = "order" if row.study else "report"
            sketch.value(REPORT, label, text, group=group, mark="made" if by else "", by=by, note=note)


def _source(sketch: Sketch, row: ReportRow) -> Value | None:
    """The box with which a report's key is compared: the image's, inside its request too, else the worklist's."""
    if not row.study:
        return None
    copies = (path for one in WORKLIST_TO_IMAGE if one.worklist == row.study for path in one.image)
    on_image = [sketch.attribute(IMAGE, path) for path in (row.study, f"{REQUEST}.{row.study}", *copies)]
    places = (*on_image, sketch.attribute(WORKLIST, row.study))
    return next((value for value in places if value is not None and value.text), None)


def _compared(
    row: ReportRow, source: Value, report: Report, origin: Origin | None, examination: Examination
) -> tuple[Mark, str]:
    if origin is None:
        return "missing", "the report has no value there"
    given = getattr(report, row.field)
    if isinstance(given, CodedEntry):
        agree = source.text.split(", ")[:2] == [given.value, given.scheme]
    elif row.rule == "moment":
        agree = _same_moment(source.text, str(given), examination)
    elif row.rule in ("patient_name", "staff_name"):
        return _names(row, source.text, str(given))
    else:
        agree = same(source.text, str(given))
    if not agree:
        return "differs", ""
    whole = source.text == origin.source_value or source.text in re.split(r"[\^&~]", origin.source_value)
    return ("copied", row.note) if whole else ("converted", _TURNED.get(row.rule, row.note))


def _same_moment(study_date: str, moment: str, examination: Examination) -> bool:
    """Whether a TS begins with the study's date, and its time where it has one."""
    time = str(get(examination.images[0], "StudyTime") or "") if examination.images else ""
    return moment[:8] == study_date and (len(moment) <= 8 or moment[8:12] == time[:4])


def _names(row: ReportRow, one: str, other: str) -> tuple[Mark, str]:
    """Names as the PACS compares them: without case and accents, and a part that one side lacks is no contradiction."""
    if same(one, other):
        return "converted", _TURNED[row.rule]
    components = zip(*(group_keys(name)[0].split("^") for name in (one, other)), strict=False)
    if any(mine and yours and mine != yours for mine, yours in components):
        return "differs", ""
    return "converted", "the same person's name in another spelling, or without a part of it"
