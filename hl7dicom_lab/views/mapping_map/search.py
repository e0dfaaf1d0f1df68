"""What order book, archive and report shelves know of one examination, gathered for its mapping map.

Clinical step: somebody asks for one accession number. Rules: images are also found by the study's UID, and a report
also in the chart and in the exceptions queue, so that a number that was typed wrong is seen and not only missed;
nothing is changed anywhere.
"""

from __future__ import annotations

from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.model import Report
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.storage.order_book import OrderBook
from hl7dicom_lab.storage.reports import ReportShelf
from hl7dicom_lab.views.mapping_map.evidence import Examination
from hl7dicom_lab.views.study.montage import evenly_spaced

#: Images of a study that are compared with each other; of more, these are evenly spread.
MOST_COMPARED = 64
#: Accession numbers that a next step lists.
_MOST_LISTED = 12


def find_examination(
    accession_number: str,
    *,
    book: OrderBook,
    archive: Archive,
    shelf: ReportShelf,
    chart: ReportShelf,
    messages: tuple[bytes, ...],
) -> Examination:
    """Everything about an accession number. `shelf` is the PACS's, `chart` the EMR's; `messages` are HL7, oldest first.

    Raises `NotFound` where nobody knows the number.
    """
    wanted = str(accession_number).strip()
    steps = tuple(step.item for step in book.steps(accession_number=wanted)) if wanted else ()
    uid = steps[0].study_instance_uid if steps else ""
    studies = archive.studies(accession_number=wanted) if wanted else ()
    studies = studies or (archive.studies(study_instance_uid=uid) if uid else ())
    uid = uid or (studies[0].study_instance_uid if studies else "")
    report, where = _report(wanted, uid, shelf, chart) if wanted else (None, "")
    if not (steps or studies or report):
        raise _unknown(str(accession_number), book, archive)
    stored = archive.instances(studies[0].study_instance_uid) if studies else ()
    headers = (archive.header(stored[place]) for place in evenly_spaced(len(stored), MOST_COMPARED))
    return Examination(
        accession_number=wanted,
        steps=steps,
        messages=messages,
        images=tuple(header for header in headers if len(header)),
        image_count=len(stored),
        study_count=len(studies),
        report=report,
        report_note=where,
    )


def _report(accession_number: str, uid: str, shelf: ReportShelf, chart: ReportShelf) -> tuple[Report | None, str]:
    """The report that holds, else one that waits for a person, else one that only the chart has; and where it is."""
    attached = shelf.current(accession_number) or (shelf.current_by_study(uid) if uid else None)
    if attached:
        return attached, "attached in the PACS"
    for held in shelf.exceptions():
        keys = (held.report.accession_number, held.report.study_instance_uid)
        if accession_number == keys[0] or (uid and uid == keys[1]):
            return held.report, f"held in the exceptions queue of the PACS as number {held.number}: {held.reason}"
    filed = chart.current(accession_number)
    return filed, "in the chart of the EMR" if filed else ""


def _unknown(accession_number: str, book: OrderBook, archive: Archive) -> NotFound:
    known = [step.item.accession_number for step in book.steps()]
    known += [study.accession_number for study in archive.studies()]
    numbers = list(dict.fromkeys(filter(None, known)))
    listed = ", ".join(numbers[:_MOST_LISTED]) + (" ..." if len(numbers) > _MOST_LISTED else "")
    return NotFound(
        f"no order, no images and no report have the accession number {accession_number!r}",
        where="lab.map",
        next_step=f"give one of those that are there: {listed}" if listed else "place an order; the RIS numbers it",
    )
