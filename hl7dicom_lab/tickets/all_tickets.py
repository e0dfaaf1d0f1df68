"""The sixteen tickets, A to P, in the order of their letters."""

from __future__ import annotations

from hl7dicom_lab.tickets.identity_tickets import TICKETS as IDENTITY
from hl7dicom_lab.tickets.image_tickets import TICKETS as IMAGES
from hl7dicom_lab.tickets.order_tickets import TICKETS as ORDERS
from hl7dicom_lab.tickets.report_tickets import TICKETS as REPORTS
from hl7dicom_lab.tickets.ticket import Ticket
from hl7dicom_lab.tickets.worklist_tickets import TICKETS as WORKLIST

_WRITTEN = (*WORKLIST, *ORDERS, *IDENTITY, *IMAGES, *REPORTS)

TICKETS: tuple[Ticket, ...] = tuple(sorted(_WRITTEN, key=lambda one: one.letter))
