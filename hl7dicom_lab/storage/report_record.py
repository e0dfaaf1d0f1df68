"""A report as the text that is kept of it: JSON with every field, an attached document in base64.

Rule: what is read back equals what was written, whatever the report holds. A record of an older version of this
package, which lacks a field that came later, is read with that field's default.
"""

from __future__ import annotations

import base64
import json

from hl7dicom_lab.model import CodedEntry, Observation, Report, ReportStatus


def write_report(report: Report) -> str:
    """A report as JSON, ASCII only."""
    inside = {
        "procedure": vars(report.procedure) if report.procedure else None,
        "observations": [vars(one) | {"identifier": vars(one.identifier)} for one in report.observations],
        "document": base64.b64encode(report.document).decode("ascii"),
    }
    return json.dumps(vars(report) | inside, separators=(",", ":"))


def read_report(record: str) -> Report:
    """The report that `write_report` wrote."""
    fields = json.loads(record)
    fields["status"] = ReportStatus(fields["status"])
    fields["procedure"] = CodedEntry(**fields["procedure"]) if fields["procedure"] else None
    fields["observations"] = tuple(
        Observation(**{**one, "identifier": CodedEntry(**one["identifier"])}) for one in fields["observations"]
    )
    fields["document"] = base64.b64decode(fields["document"])
    return Report(**fields)
