"""Which images match an order: the archive compared with the order book, as an analyst does with two lists.

Standard: IHE RAD TF-1, Scheduled Workflow and Patient Information Reconciliation; there the Order Filler tells the
Image Manager of every order (RAD-4). Here nobody tells the PACS, so it flags by itself what names no order or
contradicts what it has, and this comparison finds the rest. Rule: images match where an order has their accession
number, for the same patient and the same study. Nothing is changed but the flag.
"""

from __future__ import annotations

from dataclasses import replace

from hl7dicom_lab.actors.report_association import same_patient
from hl7dicom_lab.model import Identifier, WorklistItem
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.storage.order_book import OrderBook
from hl7dicom_lab.views.reconciliation import ImagesChecked, Reconciliation


def reconcile(archive: Archive, book: OrderBook) -> Reconciliation:
    """Compare every image with the orders, and set its flag by what is found."""
    images = [ImagesChecked(**row) for row in archive.by_identity()]
    checked = tuple(replace(one, because=_why_unscheduled(one, book)) for one in images)
    with archive.database.transaction():
        for one in checked:
            archive.flag(one.study_instance_uid, one.patient_id, one.accession_number, unscheduled=bool(one.because))
    return Reconciliation(checked)


def _why_unscheduled(images: ImagesChecked, book: OrderBook) -> str:
    number = images.accession_number
    ordered = [step.item for step in book.steps(accession_number=number)] if number else []
    if not ordered:
        of_study = [step.item for step in book.steps(study_instance_uid=images.study_instance_uid)]
        hint = f"; the order of this study has {of_study[0].accession_number}" if of_study else ""
        return f"{'no order has this' if number else 'the images have no'} accession number{hint}"
    imaged = Identifier(images.patient_id, images.issuer_of_patient_id)
    if not any(same_patient(imaged, _patient(item)) for item in ordered):
        return f"the order is for patient {ordered[0].patient_id}"
    if images.study_instance_uid not in [item.study_instance_uid for item in ordered]:
        return f"the order is for study {ordered[0].study_instance_uid}"
    return ""


def _patient(item: WorklistItem) -> Identifier:
    return Identifier(item.patient_id, item.issuer_of_patient_id)
