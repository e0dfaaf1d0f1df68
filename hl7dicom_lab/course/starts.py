"""How the department stands when a lesson begins: what earlier lessons have brought about, done over the wire.

Rule: a start goes the same way as a learner does. Orders are sent, patients check in, images are stored, reports
travel; nothing is put into a system by another door, so each lesson begins with what a real department would hold.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hl7dicom_lab import story, story_day
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import ImagingOrder

#: When Elena Rivera checks in.
_CHECK_IN = datetime(2026, 3, 2, 9, 12)
_FIRST_ACCESSION = "NG000001"
#: Lessons that look back at what was said before they began; all others begin with an empty trace.
_LOOKS_BACK = ("01", "03")


def prepare(lab: Lab, number: str) -> str:
    """Bring a new department to the start of a lesson; in words, how it stands. Raises `SetupError`."""
    words = _STARTS[number](lab)
    if number not in _LOOKS_BACK:
        lab.trace.clear()
    return words


def _empty(_: Lab) -> str:
    return "The department runs. Nothing is ordered yet. It is Monday, 2 March 2026, 08:00."


def _ordered(lab: Lab) -> str:
    lab.emr.place(story.order())
    return "The department runs. The EMR has ordered an MRI of the brain for Elena Rivera."


def _day_ordered(lab: Lab) -> tuple[ImagingOrder, ...]:
    """All orders of the day and tomorrow's, one message each, Elena Rivera's first; she has checked in."""
    orders = tuple(lab.emr.place(one.order())[0] for one in (*story_day.TODAY, story_day.TOMORROW))
    lab.clock.advance_to(_CHECK_IN)
    lab.emr.check_in(story.PATIENT, story.VISIT)
    return orders


def _full_worklist(lab: Lab) -> str:
    orders = _day_ordered(lab)
    return (
        f"The department runs. {len(orders)} orders are on the worklist, one of them for tomorrow. "
        "Elena Rivera has checked in at 09:12."
    )


def _examined(lab: Lab) -> tuple[ImagingOrder, ...]:
    """Elena Rivera's MRI is in the PACS."""
    orders = _day_ordered(lab)
    _examine(lab, "MR", _FIRST_ACCESSION)
    return orders


def _images_stored(lab: Lab) -> str:
    _examined(lab)
    return "The department runs. Elena Rivera's 24 images are in the PACS and wait for a report."


def _reported(lab: Lab) -> str:
    orders = _examined(lab)
    marco = next(one for one in orders if one.patient == story_day.MARCO_RIVERA)
    lab.emr.check_in(marco.patient, marco.visit)
    _examine(lab, "CT", accession_of(lab, marco))
    study = next(one for one in lab.pacs.studies() if one.accession_number == _FIRST_ACCESSION)
    deliveries = lab.dictation.send(lab.dictation.dictate(study, story.REPORT_TEXT, order=orders[0]))
    if not all(one.accepted for one in deliveries):
        raise SetupError("the report was not accepted everywhere", where="; ".join(str(one) for one in deliveries))
    return (
        "The department runs. Two studies are in the PACS: Elena Rivera's MRI, with its report, "
        "and Marco Rivera's CT, which has none yet."
    )


def _examine(lab: Lab, modality: str, accession_number: str) -> None:
    scanner = lab.modalities[modality]
    (item,) = scanner.query(AccessionNumber=accession_number)
    lab.ris.start_step(accession_number)
    results = scanner.store(scanner.examine(item))
    if not all(one.stored for one in results):
        raise SetupError("an image was not stored", where=accession_number)
    lab.ris.complete_step(accession_number)


def accession_of(lab: Lab, order: ImagingOrder) -> str:
    """The number that the RIS gave to an order."""
    (booked,) = lab.ris.order_book.steps(placer_order_number=order.placer_order_number)
    return booked.item.accession_number


_STARTS: dict[str, Callable[[Lab], str]] = {
    "00": _empty,
    "01": _reported,
    "02": _empty,
    "03": _ordered,
    "04": _full_worklist,
    "05": _full_worklist,
    "06": _full_worklist,
    "07": _images_stored,
    "08": _reported,
    "09": _empty,
    "10": _full_worklist,
    "11": _reported,
}
