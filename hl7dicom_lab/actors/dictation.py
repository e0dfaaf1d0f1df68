"""Dictation: where the radiologist speaks the report. IHE actors: Report Creator, Report Manager.

Transaction out: RAD-28 as ORU^R01, to the EMR and to the PACS. Rule: one report, two receivers, two answers; where one
refuses, the other still has its copy, and both answers are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hl7dicom_lab import story
from hl7dicom_lab.actors.outbox import Outbox, SentReport
from hl7dicom_lab.actors.settings import DictationSettings, SettingsOf
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.errors import DeliveryError, NotFound, PeerError
from hl7dicom_lab.given import given
from hl7dicom_lab.hl7v2 import acknowledge
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.build import Envelope, ts
from hl7dicom_lab.mapping.names import pn_of
from hl7dicom_lab.mapping.report_to_oru import report_to_oru
from hl7dicom_lab.model import Hl7Address, ImagingOrder, Person, Report, ReportStatus, StudySummary


@dataclass(frozen=True)
class Delivery:
    """What one receiver said: its acknowledgment, or why there is none."""

    receiver: str
    acknowledgment: Acknowledgment | None
    failure: DeliveryError | PeerError | None = None

    @property
    def accepted(self) -> bool:
        """Whether the receiver has the report."""
        return self.acknowledgment is not None and self.acknowledgment.accepted

    def __str__(self) -> str:
        if self.acknowledgment is None:
            return f"{self.receiver}: {self.failure}"
        return f"{self.receiver}: {self.acknowledgment.code}, {self.acknowledgment.text}"


class Dictation:
    """The dictation system of the department. It knows its receivers and listens to nobody."""

    settings = SettingsOf(DictationSettings)

    def __init__(self, receivers: Mapping[str, Hl7Address], site: Site) -> None:
        self.settings = DictationSettings(
            emr_application=receivers[story.EMR].application, pacs_application=receivers[story.PACS].application
        )
        self._outbox: Outbox[SentReport] = Outbox()
        self._clock = site.clock
        self._mint = site.mint
        self._facility = site.facility
        self._receivers = dict(receivers)
        self._senders = {name: site.sender(story.DICTATION, address) for name, address in receivers.items()}

    def stop(self) -> None:
        """Hang up. May be called again."""
        for sender in self._senders.values():
            sender.close()

    def dictate(
        self,
        study: StudySummary,
        text: str,
        *,
        order: ImagingOrder | None = None,
        status: ReportStatus = ReportStatus.FINAL,
        signed_by: Person = story.DR_LINDQVIST,
    ) -> Report:
        """A report on a study, its keys taken over from study and order and not typed. It is not sent yet."""
        find = 'find one: lab.pacs.archive.find_study(accession_number="NG000001")'
        given(study, StudySummary, "lab.dictation.dictate", "a study of the archive", find)
        now = ts(self._clock.tick())
        asked = order.ordering_provider if order else None
        return Report(
            patient_id=study.patient_id,
            issuer_of_patient_id=study.issuer_of_patient_id,
            patient_name=study.patient_name,
            accession_number=study.accession_number,
            study_instance_uid=study.study_instance_uid,
            status=status,
            text=text,
            placer_order_number=order.placer_order_number if order else "",
            procedure=order.procedure if order else None,
            observed_at=study.study_date + study.study_time,
            status_changed_at=now,
            signed_by=pn_of(signed_by.name),
            requested_by=pn_of(asked.name) if asked else "",
        )

    def send(self, report: Report) -> tuple[Delivery, ...]:
        """Send a report to every receiver; what each of them said, in the order of the receivers."""
        _report_given(report, "lab.dictation.send")
        return tuple(self._deliver(name, report) for name in self._senders)

    @property
    def outbox(self) -> tuple[SentReport, ...]:
        """What was sent to each receiver and what it answered, in the order of sending; the newest thousand."""
        return self._outbox.newest()

    def send_again(self, accession_number: str, receiver: str) -> Delivery:
        """Send the report on an examination to one receiver (`EMR` or `PACS`) again, in a new message.

        Of several versions it is the one whose status changed last. Raises `NotFound` where there is no such receiver,
        or nothing was sent on the examination.
        """
        self._check_receiver(receiver)
        sent = [one.report for one in self.outbox if one.report.accession_number == accession_number]
        if not sent:
            raise NotFound(
                f"no report with the accession number {accession_number!r} was sent",
                where="AccessionNumber",
                next_step="look at lab.dictation.outbox, or send the report with lab.dictation.send(report)",
            )
        newest = max(enumerate(sent), key=lambda one: (one[1].status_changed_at, one[0]))
        return self._deliver(receiver, newest[1])

    def correct(self, report: Report, text: str) -> Report:
        """The corrected report: the same keys, the new text, status C, a new time. It is not sent yet."""
        _report_given(report, "lab.dictation.correct")
        now = ts(self._clock.tick())
        return replace(report, text=text, status=ReportStatus.CORRECTED, status_changed_at=now)

    def envelope(self, receiver: str) -> Envelope:
        """The header of the next message to a receiver (`EMR` or `PACS`). Raises `NotFound` where it is neither."""
        self._check_receiver(receiver)
        facility = self._receivers[receiver].facility
        control_id = f"{story.DICTATION}{self._mint.number(story.DICTATION):06d}"
        application = {story.EMR: self.settings.emr_application, story.PACS: self.settings.pacs_application}[receiver]
        return Envelope(story.DICTATION, self._facility, application, facility, self._clock.tick(), control_id)

    def _check_receiver(self, name: str) -> None:
        if name not in tuple(self._senders):
            raise NotFound(
                f"there is no receiver {name!r}", where="receiver", next_step="name one of: " + ", ".join(self._senders)
            )

    def _deliver(self, receiver: str, report: Report) -> Delivery:
        envelope = self.envelope(receiver)
        body = report_to_oru(envelope, report)
        try:
            delivery = Delivery(receiver, acknowledge.read(self._senders[receiver].send(body)))
        except (DeliveryError, PeerError) as failure:  # no answer, or one that cannot be read
            delivery = Delivery(receiver, None, failure)
        answer = delivery.acknowledgment
        said = (answer.code, answer.text) if answer else ("", delivery.failure.what if delivery.failure else "")
        self._outbox.add(SentReport(envelope.control_id, receiver, report, body, *said))
        return delivery


def _report_given(report: Report, where: str) -> None:
    """Raise `CannotBuild` where a person gives something else than a report."""
    given(report, Report, where, "a report", "make one: lab.dictation.dictate(study, text)")
