"""Which study a report belongs to: the rule that keeps a report from standing beside the wrong patient's images.

The keys stand in `mapping/table.py`, REPORT_TO_STUDY; which of them have to agree is the PACS's own choice. Rule:
attached only where the patient **and** the study (its UID or its accession number) agree. Everything else waits for a
person, with the reason; nothing is attached by guess and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hl7dicom_lab.model import Identifier, Report, StudySummary
from hl7dicom_lab.storage.archive import Archive


@dataclass(frozen=True)
class Association:
    """The study that a report belongs to, or why it belongs to none."""

    study: StudySummary | None
    reason: str = ""


def associate(report: Report, archive: Archive) -> Association:
    """Find the study of a report among the images."""
    uid, accession = report.study_instance_uid, report.accession_number
    if not uid and not accession:
        return Association(None, "the report names neither a Study Instance UID nor an accession number")
    by_uid = archive.studies(study_instance_uid=uid) if uid else ()
    by_accession = archive.studies(accession_number=accession) if accession else ()
    if by_uid and accession and by_uid[0].accession_number not in ("", accession):
        return Association(
            None,
            f"the study that the report names has the accession number {by_uid[0].accession_number}, "
            f"and the report says {accession}",
        )
    if uid and by_accession and not by_uid:
        return Association(
            None, f"the accession number {accession} belongs to another study than the one that the report names"
        )
    found = by_uid or by_accession
    if not found:
        return Association(None, f"no images are here for {_named(uid, accession)}")
    if len(found) > 1:
        return Association(None, f"{len(found)} studies have the accession number {accession}")
    return _of_same_patient(report, found[0], archive)


def _of_same_patient(report: Report, study: StudySummary, archive: Archive) -> Association:
    in_images = archive.identity_conflicts(study.study_instance_uid)
    if in_images:
        return Association(None, f"the images of this study do not agree on the patient: {_listed(in_images)}")
    named = Identifier(report.patient_id, report.issuer_of_patient_id)
    imaged = Identifier(study.patient_id, study.issuer_of_patient_id)
    if not same_patient(named, imaged):
        return Association(
            None, f"the report is about patient {_patient(named)}, and the images are of patient {_patient(imaged)}"
        )
    return Association(study)


def same_patient(one: Identifier, other: Identifier) -> bool:
    """Whether two identifiers name one patient: the values agree, and the issuers where both are known."""
    return (
        bool(one.value)
        and one.value == other.value
        and (one.issuer == other.issuer or not (one.issuer and other.issuer))
    )


def _patient(identifier: Identifier) -> str:
    return f"{identifier.value or '(none)'}" + (f" of {identifier.issuer}" if identifier.issuer else "")


def _listed(identifiers: Iterable[Identifier]) -> str:
    return ", ".join(_patient(one) for one in identifiers)


def _named(uid: str, accession: str) -> str:
    return " and ".join(
        part for part in (accession and f"accession number {accession}", uid and f"study {uid}") if part
    )
