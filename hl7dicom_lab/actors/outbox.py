"""Outboxes: what a system has sent, and what was answered, for a person to look through and to send again.

Rule: a message is entered when its answer is there, or when it is known that none will come. A refusal stays in sight.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from hl7dicom_lab.actors.order_requests import OrderRequest, Request
from hl7dicom_lab.hl7v2.acknowledge import ACCEPTED
from hl7dicom_lab.model import ImagingOrder, Report

_REMEMBERED = 1000


@dataclass(frozen=True, repr=False)
class SentMessage:
    """A message of the EMR's order interface, and its answer.

    `answer` is MSA-1, empty where none came, and `text` what the answer says, or why there is none. `asked` is what the
    interface was asked for, `request` what it sent: it may have added accession numbers of its own. `raw` is the
    message itself, for `lab.look`.
    """

    control_id: str  # MSH-10
    asked: Request
    request: Request
    raw: bytes
    answer: str
    text: str

    @property
    def kind(self) -> str:
        """MSH-9, such as `ORM^O01`."""
        return self.request.kind

    @property
    def what(self) -> str:
        """What it is about: ORC-1 with the order numbers, or the patient's identifier."""
        return self.request.what

    @property
    def orders(self) -> tuple[ImagingOrder, ...]:
        """Its orders as they were sent; none where it is about a patient."""
        return self.request.orders if isinstance(self.request, OrderRequest) else ()

    @property
    def accepted(self) -> bool:
        """Whether the RIS took it."""
        return self.answer in ACCEPTED

    def __repr__(self) -> str:
        return f"<{self.control_id} {self.kind} {self.what}: {self.answer or 'no answer'}, {self.text}>"


@dataclass(frozen=True, repr=False)
class SentReport:
    """A report that was sent to one receiver (`EMR` or `PACS`), and its answer, as in `SentMessage`."""

    control_id: str  # MSH-10
    receiver: str
    report: Report
    raw: bytes
    answer: str
    text: str

    @property
    def accession_number(self) -> str:
        """The examination that it reports on."""
        return self.report.accession_number

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it."""
        return self.answer in ACCEPTED

    def __repr__(self) -> str:
        about = f"{self.control_id} ORU^R01 {self.accession_number} ({self.report.status.value}) to {self.receiver}"
        return f"<{about}: {self.answer or 'no answer'}, {self.text}>"


_Sent = TypeVar("_Sent")


class Outbox(Generic[_Sent]):
    """What one system has sent, the newest thousand. Thread-safe."""

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()

    def add(self, sent: _Sent) -> None:
        """Enter what was sent."""
        with self._lock:
            self._sent.append(sent)

    def newest(self) -> tuple[_Sent, ...]:
        """What was sent, in the order of sending."""
        with self._lock:
            return tuple(self._sent)
