"""The messages of the EMR: check-in and orders, as IHE Radiology has them.

ADT^A04 (RAD-1), A08 (RAD-12), ORM^O01 v2.3.1 (RAD-2), and OMI^O23 v2.5.1, which IHE has in RAD-4: the course orders
with it as well, because OMG^O19, the v2.5.1 message of RAD-2, has no IPC. Rule: one value, one place; the accession
number is OBR-18 in an ORM and IPC-1 in an OMI; where the placer has none the field stays empty for the order filler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hl7dicom_lab.hl7v2.build import Envelope, ce, cx, message, segment, ts, xcn, xpn
from hl7dicom_lab.hl7v2.escapes import escape
from hl7dicom_lab.model import ImagingOrder, OrderControl, Patient, Visit


def adt(envelope: Envelope, event: str, patient: Patient, visit: Visit) -> bytes:
    """An ADT message: A04 registers the visit (check-in), A08 updates the patient's demographics."""
    evn = segment("EVN", {1: event, 2: ts(envelope.moment)})
    return message(envelope, f"ADT^{event}", evn, pid(patient), pv1(visit), *al1(patient))


def orm(envelope: Envelope, control: OrderControl, orders: Sequence[ImagingOrder], status: str = "") -> bytes:
    """An ORM^O01 of one or more orders for one patient and visit. `status` is ORC-5."""
    first = orders[0]
    lines = [pid(first.patient), pv1(first.visit), *al1(first.patient)]
    for number, order in enumerate(orders, 1):
        timing = f"^^^{ts(order.scheduled_for)}^^{escape(order.priority)}"
        lines += [
            _orc(envelope, control, order, status, timing),
            segment("OBR", _obr(number, order) | _orm_only(order, timing)),
            *_notes(order),
            *_observations(order.patient),
        ]
        if order.study_instance_uid:
            pointer = f"{order.study_instance_uid}^{escape(envelope.sending_application)}^Application^DICOM"
            lines.append(segment("ZDS", {1: pointer}))
    return message(envelope, "ORM^O01", *lines)


def omi(envelope: Envelope, control: OrderControl, orders: Sequence[ImagingOrder], status: str = "") -> bytes:
    """An OMI^O23 (v2.5.1) of one or more orders for one patient and visit. `status` is ORC-5."""
    envelope = replace(envelope, version="2.5.1")
    first = orders[0]
    lines = [pid(first.patient), pv1(first.visit), *al1(first.patient)]
    for number, order in enumerate(orders, 1):
        lines += [
            _orc(envelope, control, order, status, ""),
            segment("TQ1", {1: "1", 7: ts(order.scheduled_for), 9: escape(order.priority)}),
            segment("OBR", _obr(number, order)),
            *_notes(order),
            *_observations(order.patient),
            _ipc(order),
        ]
    return message(envelope, "OMI^O23^OMI_O23", *lines)


def pid(patient: Patient) -> str:
    """PID: who."""
    identifiers = "~".join(cx(one) for one in (patient.identifier, *patient.other_identifiers))
    return segment(
        "PID",
        {
            1: "1",
            3: identifiers,
            5: xpn(patient.name),
            7: patient.birth_date,
            8: patient.sex,
            11: "^".join(escape(part) for part in patient.address.split("^")),
        },
    )


def pv1(visit: Visit) -> str:
    """PV1: the visit."""
    location = "^".join(escape(part) for part in visit.location.split("^"))
    fields = {1: "1", 2: visit.patient_class, 3: location, 8: xcn(visit.referring_physician), 19: cx(visit.number)}
    return segment("PV1", fields)


def al1(patient: Patient) -> list[str]:
    """AL1: one segment an allergy."""
    return [segment("AL1", {1: str(n), 3: f"^{escape(name)}"}) for n, name in enumerate(patient.allergies, 1)]


def _orc(envelope: Envelope, control: OrderControl, order: ImagingOrder, status: str, timing: str) -> str:
    return segment(
        "ORC",
        {
            1: control.value,
            2: escape(order.placer_order_number),
            3: escape(order.filler_order_number),
            5: status,
            7: timing,
            9: ts(envelope.moment),
            12: xcn(order.ordering_provider),
        },
    )


def _obr(number: int, order: ImagingOrder) -> dict[int, str]:
    """The fields of OBR that both kinds of order have."""
    service = ce(order.procedure) + (f"^{ce(order.protocol)}" if order.protocol else "")
    return {
        1: str(number),
        2: escape(order.placer_order_number),
        3: escape(order.filler_order_number),
        4: service,
        12: f"^{escape(order.danger_code)}" if order.danger_code else "",
        16: xcn(order.ordering_provider),
        30: escape(order.transport),
        31: f"^{escape(order.reason)}" if order.reason else "",
        44: ce(order.procedure),
    }


def _orm_only(order: ImagingOrder, timing: str) -> dict[int, str]:
    return {
        18: escape(order.accession_number),
        19: escape(order.requested_procedure_id),
        20: escape(order.scheduled_procedure_step_id),
        24: escape(order.modality),
        27: timing,
    }


def _ipc(order: ImagingOrder) -> str:
    return segment(
        "IPC",
        {
            1: escape(order.accession_number),
            2: escape(order.requested_procedure_id),
            3: order.study_instance_uid,
            4: escape(order.scheduled_procedure_step_id),
            5: escape(order.modality),
            6: ce(order.protocol or order.procedure),
        },
    )


def _notes(order: ImagingOrder) -> list[str]:
    return [segment("NTE", {1: "1", 3: escape(order.comment, formatted=True)})] if order.comment else []


def _observations(patient: Patient) -> list[str]:
    """Body weight and height as observations of the order (LOINC 29463-7, 8302-2)."""
    measured = (
        ("29463-7^Body Weight^LN", patient.weight_kg, "kg"),
        ("8302-2^Body Height^LN", patient.height_m, "m"),
    )
    known = [(code, value, unit) for code, value, unit in measured if value is not None]
    return [
        segment("OBX", {1: str(number), 2: "NM", 3: code, 5: f"{value:g}", 6: unit, 11: "F"})
        for number, (code, value, unit) in enumerate(known, 1)
    ]
