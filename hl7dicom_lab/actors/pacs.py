"""PACS: where images are kept and read. IHE actors: Image Manager/Archive, Report Repository, Image Display.

Transactions in: RAD-8 Modality Images Stored (C-STORE), RAD-14 Query Images (C-FIND), and the ORU^R01 of RAD-28 from
the dictation system, which IHE sends to an Enterprise Report Repository and hospitals send to the PACS as well. Rules:
an image is acknowledged when its file and its index entry are committed; a query finds what was acknowledged; a report
is attached only where patient and study agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.actors.hl7_side import Hl7Side
from hl7dicom_lab.actors.report_association import associate
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.groups import reports
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.mapping.oru_to_report import oru_to_report
from hl7dicom_lab.model import DicomAddress, Hl7Address, ReceivedInstance, Report, StudySummary
from hl7dicom_lab.services.archive_scp import ArchiveScp
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.storage.reports import Attached, DismissedReport, HeldReport, ReportShelf
from hl7dicom_lab.storage.study_search import answers
from hl7dicom_lab.trace import Conversation

if TYPE_CHECKING:
    from hl7dicom_lab.views.study.screen import StudyOnScreen

#: The most matches that one query gets; whoever asks for more is told so with 0xA700.
MOST_MATCHES = 20_000


class Pacs:
    """The PACS of the department: archive, report shelf with its exceptions queue, and the reading screen."""

    def __init__(
        self,
        home: Path,
        site: Site,
        *,
        hl7_port: int = 0,
        storage_port: int = 0,
    ) -> None:
        self.archive = Archive(home / "archive", durable=site.durable)
        self.reports = ReportShelf(home / "reports.sqlite", durable=site.durable)
        self._clock = site.clock
        self._hl7 = Hl7Side(story.PACS, {"ORU^R01": self._receive_report}, self.reports.database, site, hl7_port)
        self._scp = ArchiveScp(
            self._store,
            self._find,
            limit=MOST_MATCHES,
            ae_title=story.PACS_AE_TITLE,
            trace=site.trace,
            system=story.PACS,
            clock=site.clock,
            host=site.host,
            port=storage_port,
        )

    def start(self) -> None:
        """Begin to listen on both sides."""
        self._hl7.start()
        self._scp.start()

    def stop(self) -> None:
        """Close both sides, the archive and the shelf. May be called again."""
        self._hl7.stop()
        self._scp.stop()
        self.archive.close()
        self.reports.close()

    @property
    def hl7(self) -> Hl7Address:
        """Where reports are sent."""
        return self._hl7.address

    @property
    def storage(self) -> DicomAddress:
        """Where scanners store images, and where anybody may ask for what is stored (Study Root C-FIND)."""
        return self._scp.address

    def studies(self) -> tuple[StudySummary, ...]:
        """Every study in the archive."""
        return self.archive.studies()

    def open_study(self, accession_number: str, *, beside: str = "") -> StudyOnScreen:
        """The study as a radiologist sees it: patient, images, and the report that holds beside them.

        `beside` is the accession number of a second study to compare with. Raises `NotFound` where no images have an
        accession number.
        """
        from hl7dicom_lab.views.study.screen import StudyOnScreen

        if beside:
            return self.open_study(accession_number).compare(self.open_study(beside))
        study = self.archive.find_study(accession_number=accession_number)
        paths = tuple(instance.path for instance in self.archive.instances(study.study_instance_uid))
        history = self.reports.history(study_instance_uid=study.study_instance_uid)
        current = [version.report for version in history if version.is_current]
        earlier = tuple(version.report for version in history if not version.is_current)
        held = self._held_for(accession_number)
        return StudyOnScreen.of(paths, current[-1] if current else None, earlier, held=tuple(held))

    def exceptions(self) -> tuple[HeldReport, ...]:
        """The reports that belong to no study by themselves, each with the reason, for a person to work off."""
        return self.reports.exceptions()

    def release(self, number: int, *, by: str, because: str) -> Attached:
        """Try a held report again, for example after its images have come.

        Raises `NotFound` where the number is not in the queue, or the report still belongs to no study.
        """
        held = next((one for one in self.exceptions() if one.number == number), None)
        if held is None:
            raise NotFound(
                f"no report in the exceptions queue has the number {number}",
                where="exceptions queue",
                next_step="look at lab.pacs.exceptions()",
            )
        found = associate(held.report, self.archive)
        if found.study is None:
            raise NotFound(
                f"the report still belongs to no study: {found.reason}",
                where=f"exceptions queue, number {number}",
                next_step="mend the images or have the report sent again with the right keys",
            )
        report = _with_keys(held.report, found.study)
        return self.reports.release(number, report, by=by, because=because, at=self._clock.tick())

    def dismiss(self, number: int, *, by: str, because: str) -> None:
        """Take a held report out of the queue without attaching it, such as one that was sent again with right keys.

        It stays on record: `dismissed()`. Raises `NotFound` where the number is not in the queue.
        """
        self.reports.dismiss(number, by=by, because=because, at=self._clock.tick())

    def dismissed(self) -> tuple[DismissedReport, ...]:
        """The reports that were taken out of the queue without being attached: who decided, when, and why."""
        return self.reports.dismissed()

    def _held_for(self, accession_number: str) -> Iterator[str]:
        for one in self.exceptions():
            if one.report.accession_number == accession_number:
                yield f"a report waits in the exceptions queue as number {one.number}: {one.reason}"

    def _store(self, received: ReceivedInstance) -> None:
        self.archive.store(received)

    def _find(self, query: Dataset, conversation: Conversation) -> Iterator[tuple[int, Dataset]]:
        compiled = StudyQuery(query)
        for remark in compiled.remarks:
            conversation.note(remark.what, rule=remark.rule, repair=remark.repair, severity=remark.severity)
        return answers(self.archive, compiled)

    def _receive_report(self, message: Message) -> str:
        checks.check_patient(message)
        return "; ".join(self._file(oru_to_report(group).report) for group in reports(message))

    def _file(self, report: Report) -> str:
        found = associate(report, self.archive)
        now = self._clock.now()
        if found.study is None:
            held = self.reports.hold(report, found.reason, now)
            return f"kept in the exceptions queue as number {held.number}: {found.reason}"
        attached = self.reports.attach(_with_keys(report, found.study), now)
        if not attached.is_current:
            return f"kept, but not as the current report: {attached.reason}"
        return f"attached to the study with the accession number {found.study.accession_number or '(none)'}"


def _with_keys(report: Report, study: StudySummary) -> Report:
    """The report with both keys of its study, so that it is found by either."""
    return replace(
        report,
        study_instance_uid=study.study_instance_uid,
        accession_number=report.accession_number or study.accession_number,
    )
