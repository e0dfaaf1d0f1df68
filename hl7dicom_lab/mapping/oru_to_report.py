"""From ORU^R01 to a report and the keys by which it finds its study.

IHE RAD-28 and RAD-128. Rules: patient and study are read by the table and never guessed; the whole report's status is
OBR-25, and that of each observation OBX-11, which HL7 v2.3.1 requires (chapter 7). One that is missing or unknown
is refused in either, because nobody could tell what is final from a draft.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.groups import placed, reports
from hl7dicom_lab.hl7v2.message import Message, Path, Segment, Segments
from hl7dicom_lab.mapping.conversions import RULES, Converted
from hl7dicom_lab.mapping.names import cn_to_pn
from hl7dicom_lab.mapping.table import REPORT_TO_STUDY
from hl7dicom_lab.model import CodedEntry, Observation, Origin, Report, ReportStatus

#: OBX-3 that names the study: RAD-28 and RAD-128.
_STUDY_CODES = ("110180", "113014")
_TEXT_TYPES = ("TX", "FT", "ST")
_NO_DIGIT = re.compile(r"\D")
#: OBX-11, table 0085.
_OBSERVATION_STATUSES = frozenset("CDFINOPRSUWX")
#: Of these, what is no longer said: the observation is deleted, or was posted as wrong.
_TAKEN_BACK = ("D", "W")


@dataclass(frozen=True)
class MappedReport:
    """A report out of an ORU, and where each of its values came from."""

    report: Report
    origins: tuple[Origin, ...] = field(repr=False)


def reports_in(message: Message) -> list[Report]:
    """The reports of an ORU^R01 in their order. Raises as `hl7v2.groups.reports` and `oru_to_report` do."""
    found = []
    for group in reports(message):
        with placed(group, message):
            found.append(oru_to_report(group).report)
    return found


def oru_to_report(group: Segments) -> MappedReport:
    """Read one report (`hl7v2.groups.reports`) by the table.

    Raises `Hl7Fault` 101 without OBR-25 or OBX-11, 103 for an OBR-25 outside P, F, C, X or an OBX-11 outside its table,
    and 102 for a malformed UID or time.
    """
    values: dict[str, object] = {}
    origins: list[Origin] = []
    for row, rule in _ROWS:
        for path in row.oru:
            found = rule(group, path)
            if found is not None and found.value not in (None, ""):
                values[row.field] = found.value
                origins.append(Origin(row.field, _shown(found), found.source, found.source_value, found.rule))
                break
    report = Report(
        **{  # type: ignore[arg-type] # the table's fields are those of Report
            "patient_id": "",
            "issuer_of_patient_id": "",
            "patient_name": "",
            "accession_number": "",
            "study_instance_uid": "",
            "text": "",
        }
        | values,
        control_id=group.get("MSH-10"),
        sent_at=_digits(group, "MSH-7"),
    )
    return MappedReport(report, tuple(origins))


def _shown(found: Converted) -> str:
    """A value as provenance shows it; what is long is told as its source."""
    return str(found.value) if isinstance(found.value, str | CodedEntry) else found.source_value


def _plain(group: Segments, path: str) -> Converted | None:
    where = path if Path.parse(path).component else f"{path}.1"
    value = group.get(where).strip()
    return Converted(value, path if group.get(path).strip() == value else where, value) if value else None


def _moment(group: Segments, path: str) -> Converted | None:
    """A TS as digits, YYYYMMDDHHMMSS or shorter: moments are compared, so a fraction and an offset are left out."""
    digits = _digits(group, path)
    return Converted(digits, path, group.get(path), "the digits of the TS") if digits else None


def _digits(group: Segments, path: str) -> str:
    checks.check_timestamp(group, path)
    return _NO_DIGIT.split(group.get(path), maxsplit=1)[0]


def _coded_entry(group: Segments, path: str) -> Converted | None:
    parts = [group.get(f"{path}.{component}") for component in (1, 2, 3)]
    return Converted(CodedEntry(*parts), path, group.raw(path), "CE") if any(parts) else None


def _study_observation(group: Segments, path: str) -> Converted | None:
    if path.startswith("ZDS"):
        checks.check_uid(group, path)
        return _plain(group, path)
    for number, obx in enumerate(group.all("OBX"), 1):
        if obx.value(3, 1) in _STUDY_CODES or obx.value(3, 2).casefold() == "study instance uid":
            value = obx.value(5, 1).strip()
            if value and not checks.is_uid(value):
                raise Hl7Fault(
                    f"{value!r} is no Study Instance UID",
                    code=102,
                    where=f"OBX[{number}]-5",
                    next_step="send the study's UID as the images have it",
                )
            return Converted(value, f"OBX[{number}]-5", value, "OBX-3 names the study") if value else None
    return None


def _report_status(group: Segments, path: str) -> Converted:
    value = checks.require(group, path, "the status of the report", "send P, F, C or X (table 0123)")
    if value not in list(ReportStatus):
        raise Hl7Fault(
            f"report status {value!r} is not one that this system tells apart",
            code=103,
            where=path,
            next_step="send P preliminary, F final, C corrected or X cancelled (table 0123); OBX-11 is another table",
        )
    return Converted(ReportStatus(value), path, value, "table 0123")


def _interpreter(group: Segments, path: str) -> Converted | None:
    segment = group.first("OBR")
    raw = segment.repetitions(32)[:1] if segment else ()
    value = cn_to_pn(segment, raw[0], path) if segment and raw and raw[0] != '""' else ""
    return Converted(value, f"{path}.1", raw[0], "CN to PN: the id is dropped") if value else None


def _report_text(group: Segments, path: str) -> Converted | None:
    told = (obx for obx in group.all("OBX") if obx.value(2) in _TEXT_TYPES and obx.value(11) not in _TAKEN_BACK)
    lines = [_text_of(obx) for obx in told if not _names_study(obx)]
    text = "\n".join(lines)
    return Converted(text, path, text, "the text observations, in order") if text.strip() else None


def _text_of(obx: Segment) -> str:
    """OBX-5 with its repetitions as lines, which is how TX has always been sent (HL7 v2.5.1 section 2.A.78)."""
    lines = (obx.part(repetition) for repetition in obx.repetitions(5))
    return "\n".join(lines).replace("\r\n", "\n").replace("\r", "\n")


def _names_study(obx: Segment) -> bool:
    return obx.value(3, 1) in _STUDY_CODES or obx.value(3, 2).casefold() == "study instance uid"


def _report_document(group: Segments, _path: str) -> Converted | None:
    """The attached PDF; ED is source^type^subtype^encoding^data (HL7 v2.5.1 section 2.A.24)."""
    for number, obx in enumerate(group.all("OBX"), 1):
        if obx.value(2) != "ED" or obx.value(11) in _TAKEN_BACK:
            continue
        data = obx.value(5, 5)
        is_pdf = "pdf" in (obx.value(5, 3) or obx.value(5, 2) or "pdf").casefold()
        if not data or not is_pdf:
            continue
        where = f"OBX[{number}]-5.5"
        try:
            document = base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Hl7Fault(
                f"the document is no base64 ({error})", code=102, where=where, next_step="encode it anew"
            ) from error
        return Converted(document, where, f"{len(document)} bytes", "base64")
    return None


def _observations(group: Segments, path: str) -> Converted | None:
    observations = tuple(
        Observation(
            CodedEntry(obx.value(3, 1), obx.value(3, 2), obx.value(3, 3)),
            obx.value(2),
            "(document)" if obx.value(2) == "ED" else _text_of(obx),
            _observation_status(obx, number),
        )
        for number, obx in enumerate(group.all("OBX"), 1)
    )
    said = ", ".join(one.status for one in observations)
    return Converted(observations, path, said, "every OBX with its own status") if observations else None


def _observation_status(obx: Segment, number: int) -> str:
    value = obx.value(11)
    if value in _OBSERVATION_STATUSES:
        return value
    said = (
        f"observation status {value!r} is not in table 0085" if value else "the status of this observation is missing"
    )
    raise Hl7Fault(
        said,
        code=103 if value else 101,
        where=f"OBX[{number}]-11",
        next_step="send P preliminary, F final, C corrected or another code of table 0085; OBR-25 is another table",
    )


#: Rules of this arrow alone; the others are shared with the order (`conversions.RULES`).
_RULES = {
    "coded_entry": _coded_entry,
    "interpreter": _interpreter,
    "moment": _moment,
    "observations": _observations,
    "plain": _plain,
    "report_document": _report_document,
    "report_status": _report_status,
    "report_text": _report_text,
    "study_observation": _study_observation,
}
_ROWS = tuple((row, (RULES | _RULES)[row.rule]) for row in REPORT_TO_STUDY)
