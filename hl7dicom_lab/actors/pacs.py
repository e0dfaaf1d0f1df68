"""PACS: where images are kept and read. IHE actors: Image Manager/Archive, Report Repository, Image Display.

Transactions in: RAD-8 Modality Images Stored (C-STORE), RAD-14 Query Images (C-FIND), and the ORU^R01 of RAD-28 from
the dictation system, which IHE sends to an Enterprise Report Repository and hospitals send to the PACS as well. Rules:
an image is acknowledged when its file and its index entry are committed; a query finds what was acknowledged; a report
is attached only where patient and study agree. Where the department works with the hospital of a class, the hospital
has an image or a report before it is acknowledged here, and answers the queries (`hospital_line.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.actors.held_report import told_as_held
from hl7dicom_lab.actors.hl7_side import Hl7Side
from hl7dicom_lab.actors.reassigning import Reassigned, Reassigning
from hl7dicom_lab.actors.report_association import associate
from hl7dicom_lab.actors.settings import PacsSettings, SettingsOf
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.mapping.oru_to_report import reports_in
from hl7dicom_lab.model import DicomAddress, Hl7Address, ReceivedInstance, Report, StoredInstance, StudySummary
from hl7dicom_lab.services.archive_scp import ArchiveScp
from hl7dicom_lab.services.hl7_receiver import Effect
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.storage.reports import Attached, DismissedReport, HeldReport, ReportShelf, ReportVersion
from hl7dicom_lab.storage.study_search import answers
from hl7dicom_lab.storage.withdrawals import Withdrawal
from hl7dicom_lab.trace import Conversation, Remark

if TYPE_CHECKING:
    from hl7dicom_lab.views.study.screen import StudyOnScreen

#: The most matches that one query gets; whoever asks for more is told so with 0xA700.
MOST_MATCHES = 20_000


class Pacs:
    """The PACS of the department: archive, report shelf with its exceptions queue, and the reading screen."""

    settings = SettingsOf(PacsSettings)

    def __init__(
        self,
        home: Path,
        site: Site,
        *,
        hl7_port: int = 0,
        storage_port: int = 0,
    ) -> None:
        self.settings = PacsSettings()
        self.archive = Archive(home / "archive", durable=site.durable)
        self.reports = ReportShelf(home / "reports.sqlite", durable=site.durable)
        self._clock = site.clock
        self._reassigning = Reassigning(self.archive, site.mint, site.ae_title(story.PACS))
        self._line = site.line
        self._hl7 = Hl7Side(story.PACS, {"ORU^R01": self._receive_report}, self.reports.database, site, hl7_port)
        self._scp = self._archive_scp(site, storage_port)

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
        return StudyOnScreen.of(
            paths,
            current[-1] if current else None,
            earlier,
            held=tuple(self._held_for(accession_number)),
            unscheduled=self.archive.count_unscheduled(study.study_instance_uid),
        )

    def unscheduled(self) -> tuple[StoredInstance, ...]:
        """The images that name no order, contradict what is here, or were found to match none (`lab.reconcile()`)."""
        return self.archive.unscheduled()

    def reassign(self, accession_number: str, to: Dataset, *, by: str, because: str) -> Reassigned:
        """Give images that were made under the wrong worklist item the identity of the right one, `to`.

        The images are withdrawn, and corrected copies stand in the study of the right order. Raises `NotFound` where no
        images have the accession number, `CannotBuild` where `to` does not name patient, order and study.
        """
        study = self.archive.find_study(accession_number=str(accession_number))
        return self._reassigning.reassign(study, to, by=by, because=because, at=self._clock.tick())

    def withdrawn(self) -> tuple[Withdrawal, ...]:
        """The images that were taken out of sight: who decided, when, why, and which image took the place of each."""
        return self.archive.withdrawals.all()

    def judge_again(self, accession_number: str) -> tuple[ReportVersion, ...]:
        """Judge by status and time which report on an examination holds; what holds now and did not before.

        For reports that came while the setting was `the one that came last`. Raises `NotFound` where there is none.
        """
        return self.reports.judge_again(str(accession_number))

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
        with self.reports.database.transaction():
            attached = self.reports.release(number, report, by=by, because=because, at=self._clock.tick())
            if self._line is not None:
                self._line.tell_report(report)
        return attached

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

    def store(self, received: ReceivedInstance) -> Remark | None:
        """Keep an image, whatever it says of its order; the first one of a study that names none is told of."""
        if self._line is not None:
            self._line.store(received)
        room = self.settings.room
        stored = self.archive.store(received, room=room if isinstance(room, int) else None)
        withdrawal = self.archive.withdrawals.of(stored.sop_instance_uid)
        if withdrawal:
            return Remark(
                f"kept out of sight: this image was withdrawn by {withdrawal.by} ({withdrawal.because})",
                rule="IHE Imaging Object Change Management: an image that was withdrawn does not come back",
                repair="nothing is needed; lab.pacs.withdrawn() names the image that took its place",
                severity="information",
            )
        if not stored.unscheduled or self.archive.count_unscheduled(stored.study_instance_uid) > 1:
            return None
        return Remark(
            f"kept, and flagged as unscheduled: {self.archive.doubt(vars(stored)) or 'it matches no order'}",
            rule="IHE RAD-8: images carry the AccessionNumber of their order, as the worklist gave it",
            repair="lab.reconcile() compares the archive with the orders; then send the image again with the right"
            " identity and a new SOP Instance UID",
            severity="warning",
        )

    def find(self, query: StudyQuery, _: Conversation) -> Iterator[tuple[int, Dataset]]:
        """What matches a query to the archive: the pending status and the identifier of each."""
        return answers(self.archive, query)

    def receive(self, body: bytes, conversation: Conversation) -> bytes | None:
        """The acknowledgment of a message that came on somebody else's port, once it has taken effect."""
        return self._hl7.receive(body, conversation)

    def _receive_report(self, message: Message) -> Effect:
        checks.check_patient(message)
        filed = [self._file(report) for report in reports_in(message)]
        if self._line is not None:
            self._line.pass_on(message, story.PACS)
        return Effect("; ".join(one.text for one in filed), tuple(remark for one in filed for remark in one.remarks))

    def _archive_scp(self, site: Site, port: int) -> ArchiveScp:
        options, line = site.acceptor(story.PACS, port), site.line
        if line is None:
            return ArchiveScp(self.store, self.find, understand=StudyQuery, limit=MOST_MATCHES, **options)
        understand = line.understanding(StudyQuery)
        return ArchiveScp(self.store, line.find_images, understand=understand, limit=MOST_MATCHES, **options)

    def _file(self, report: Report) -> Effect:
        found = associate(report, self.archive)
        now = self._clock.now()
        if found.study is None:
            return told_as_held(self.reports.hold(report, found.reason, now), "lab.pacs.exceptions()")
        last_holds = self.settings.report_that_holds == "the one that came last"
        attached = self.reports.attach(_with_keys(report, found.study), now, last_holds=last_holds)
        if not attached.is_current:
            return Effect(f"kept, but not as the current report: {attached.reason}")
        return Effect(f"attached to the study with the accession number {found.study.accession_number or '(none)'}")


def _with_keys(report: Report, study: StudySummary) -> Report:
    """The report with both keys of its study, so that it is found by either."""
    return replace(
        report,
        study_instance_uid=study.study_instance_uid,
        accession_number=report.accession_number or study.accession_number,
    )
