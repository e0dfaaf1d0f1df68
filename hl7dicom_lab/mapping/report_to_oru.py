"""From a report to the message that carries it: ORU^R01, from the dictation system to EMR and PACS.

IHE RAD-28; HL7 v2.3.1 section 7.2. Rules: the report names its study by patient, accession number and Study Instance
UID; the status of the whole is OBR-25 (table 0123) and that of each observation OBX-11 (table 0085).

OBX-11 speaks of its own OBX alone. Text and document are here one observation each, so with the report they become
preliminary, final, corrected (C: this value takes the place of one that was final) or, where the report is cancelled,
not obtainable (X). The Study Instance UID says which images are meant. That is no draft, and no correction of the
report changes it: it is final (F) in all of them.
"""

from __future__ import annotations

import base64

from hl7dicom_lab.hl7v2.build import Envelope, ce, cx, message, segment, xpn
from hl7dicom_lab.hl7v2.escapes import escape
from hl7dicom_lab.mapping.names import name_of
from hl7dicom_lab.model import CodedEntry, Identifier, Report, ReportStatus

STUDY_INSTANCE_UID = CodedEntry("110180", "Study Instance UID", "DCM")
RADIOLOGY_REPORT = CodedEntry("18748-4", "Diagnostic imaging study", "LN")

#: OBR-25 (table 0123) to the OBX-11 (table 0085) of the report's text and document.
OBSERVATION_STATUS = {
    ReportStatus.PRELIMINARY: "P",
    ReportStatus.FINAL: "F",
    ReportStatus.CORRECTED: "C",
    ReportStatus.CANCELED: "X",
}


def report_to_oru(envelope: Envelope, report: Report) -> bytes:
    """The ORU^R01 of a report, its text as one formatted observation (FT), a document as ED in base64."""
    status = OBSERVATION_STATUS[report.status]
    observations = []
    if report.study_instance_uid:
        observations.append({2: "HD", 3: ce(STUDY_INSTANCE_UID), 5: report.study_instance_uid, 11: "F"})
    if report.text:
        observations.append({2: "FT", 3: ce(RADIOLOGY_REPORT), 5: escape(report.text, formatted=True)})
    if report.document:
        encoded = base64.b64encode(report.document).decode("ascii")
        observations.append({2: "ED", 3: ce(RADIOLOGY_REPORT), 5: f"^application^pdf^Base64^{encoded}"})
    lines = [segment("OBX", {1: str(n), 11: status} | fields) for n, fields in enumerate(observations, 1)]
    return message(envelope, "ORU^R01", _pid(report), _obr(report), *lines)


def _pid(report: Report) -> str:
    identifier = Identifier(report.patient_id, report.issuer_of_patient_id)
    return segment("PID", {1: "1", 3: cx(identifier), 5: xpn(name_of(report.patient_name))})


def _obr(report: Report) -> str:
    return segment(
        "OBR",
        {
            1: "1",
            2: escape(report.placer_order_number),
            3: escape(report.filler_order_number),
            4: ce(report.procedure or RADIOLOGY_REPORT),  # OBR-4 is required
            7: report.observed_at,
            16: _named(report.requested_by, "^"),
            18: escape(report.accession_number),
            19: escape(report.requested_procedure_id),
            22: report.status_changed_at,
            25: report.status.value,
            32: _named(report.signed_by, "&"),
        },
    )


def _named(pn: str, separator: str) -> str:
    """A name without an id, as an XCN (components) or as a CN inside one component (subcomponents)."""
    if not pn:
        return ""
    name = name_of(pn)
    parts = ("", name.family, name.given, name.middle, name.suffix, name.prefix)
    return separator.join(escape(part) for part in parts).rstrip(separator)
