"""Which steps a change or a cancellation means: an order may have several, and the placer may not know their ids.

HL7 v2.5.1 section 4.5.1 (ORC-2, ORC-3), IHE RAD-4 (OBR-20 and IPC-4 name the step). Rule: a step that is named is
meant; steps that are not named are paired in the order in which they were placed, if the message has as many; a
cancellation without names means the whole order. Where none of this holds, the message is refused, because a change
that lands on the wrong step is worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.message import Segments
from hl7dicom_lab.storage.order_book import BookedStep, OrderBook


def is_omi(order: Segments) -> bool:
    """Whether the order came as OMI^O23, which has the step in IPC."""
    return order.get("MSH-9.1") == "OMI"


def step_id(order: Segments) -> str:
    """The scheduled procedure step id that the order names, if any."""
    return order.get("IPC-4.1") if is_omi(order) else order.get("OBR-20")


def steps_meant(order: Segments, message: Sequence[Segments], book: OrderBook) -> tuple[BookedStep, ...]:
    """The steps that one order of a message means; `message` is all of its orders.

    Raises `Hl7Fault` 204 where the order or the step is not known, 101 where it is open which step is meant.
    """
    known = _of_order(order, book)
    where = "IPC-4" if is_omi(order) else "OBR-20"
    named = step_id(order)
    if named:
        steps = tuple(step for step in known if step.item.scheduled_procedure_step_id == named)
        if not steps:
            raise Hl7Fault(
                f"the order is known, and it has no step {named!r}",
                code=204,
                where=where,
                next_step="send one of: " + ", ".join(step.item.scheduled_procedure_step_id for step in known),
            )
        return steps
    alike = [one for one in message if _order_number(one) == _order_number(order) and not step_id(one)]
    if len(known) == 1 or (len(alike) == 1 and order.get("ORC-1") in ("CA", "DC")):
        return known
    if len(alike) == len(known):
        return (known[next(place for place, one in enumerate(alike) if one is order)],)
    raise Hl7Fault(
        f"the order has {len(known)} steps, and it is open which one is meant",
        code=101,
        where=where,
        next_step="name the step: " + ", ".join(step.item.scheduled_procedure_step_id for step in known),
    )


def _order_number(order: Segments) -> tuple[str, str]:
    return order.get("ORC-2.1"), order.get("ORC-3.1")


def _of_order(order: Segments, book: OrderBook) -> tuple[BookedStep, ...]:
    placer, filler = _order_number(order)
    if not placer and not filler:
        checks.require(order, "ORC-2.1", "the placer order number", "name the order that you mean")
    known = book.steps(placer_order_number=placer) if placer else book.steps(filler_order_number=filler)
    if not known:
        raise Hl7Fault(
            f"no order with the number {placer or filler!r} is known here",
            code=204,
            where="ORC-2" if placer else "ORC-3",
            next_step="send the order first (NW), or correct the number",
        )
    return known
