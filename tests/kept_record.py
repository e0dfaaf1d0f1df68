"""What clients were answered before a department was killed, held against what is there at its next start.

Orders are asked for by C-FIND on the worklist, images by C-FIND on the archive and in their files, reports on the
shelves of PACS and EMR. Rules that are checked after every kill:

* What was answered is there once. What was not answered is there once or not at all, never in part; sent again, the
  same bytes with the same MSH-10, it is there once.
* Index and files agree, and each file holds the bytes that were sent. No unfinished file is left.
* No number is made twice, and the clock does not run backwards, whatever happened in between.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from department_clients import Image, Message, Visit
from dicom_bytes import SECONDARY_CAPTURE, STUDY_ROOT, WORKLIST, find_rq
from hl7_text import order
from mllp_client import Answer, MllpClient
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info
from raw_dicom import RawAssociation, keys, step_keys, store_command
from served_department import Department

from hl7dicom_lab.storage.reports import ReportShelf

_DATABASES = (
    "department.sqlite",
    "ris/order_book.sqlite",
    "pacs/archive/index.sqlite",
    "pacs/reports.sqlite",
    "emr/chart.sqlite",
)
_SHELVES = {"pacs": "pacs/reports.sqlite", "emr": "emr/chart.sqlite"}
_BEGIN_OF_DATA_SET = 128 + 4 + 12  # preamble, DICM, (0002,0000)


class KeptRecord:
    """Everything that was sent to the department in `home`. `found` counts what kills did to it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.found: Counter[str] = Counter()
        self._rounds: list[_Round] = []
        self._unchecked: _Round | None = None
        self._files: dict[Path, str] = {}  # of images, each with its SOP Instance UID
        self._images: dict[str, Image] = {}
        self._numbers: set[tuple[str, str]] = set()  # what the RIS made, by its attribute
        self._control_ids: set[str] = set()  # of answers
        self._latest = ""  # MSH-7 of the last answer before the kill

    def add(self, visit: Visit, messages: Mapping[str, Iterable[Message]], images: Iterable[Image]) -> None:
        """Take over what was sent until the kill: messages by the system that got them, and images."""
        self._unchecked = _Round(visit, {system: list(sent) for system, sent in messages.items()}, list(images))
        self._rounds.append(self._unchecked)
        self._images |= {one.uid: one for one in self._unchecked.images}

    def check(self, department: Department) -> None:
        """Everything of the last round, and that what is there is whole."""
        one, self._unchecked = self._unchecked, None
        department.addresses  # noqa: B018 - it waits until the department listens
        assert list((self._home / "pacs" / "archive" / "incoming").iterdir()) == []
        if one is not None:
            self._check_answers([each.answer for sent in one.messages.values() for each in sent if each.answer])
            self._check_answers([self._ask_anything(department)])
            self._check_orders(department, one)
            self._check_images(department, one)
            for system in _SHELVES:
                self._check_reports(department, system, one)
        self._check_databases()
        self._check_files()

    def check_everything(self, department: Department) -> None:
        """Every round once more: what was there after its kill is still there, and as it was."""
        for one in self._rounds:
            _, placers = self._worklist(department, one.visit)
            assert placers == sorted(key for message in one.messages["ris"] for key in message.keys)
            assert self._stored(department, one.visit) == sorted(image.uid for image in one.images)
        for system in _SHELVES:
            sent = (message for one in self._rounds for message in one.messages[system])
            assert self._reports(system, *self._rounds) == Counter(told for message in sent for told in message.keys)
        self._files.clear()
        self._check_files()

    # ---- orders

    def _check_orders(self, department: Department, one: _Round) -> None:
        before, placers = self._worklist(department, one.visit)
        assert len(set(placers)) == len(placers)
        for message in one.messages["ris"]:
            there = [key for key in message.keys if key in before]
            assert there in ([], list(message.keys)), "half a message took effect"
            assert there or not message.answered, "an acknowledged order is missing"
            self._count("messages", message.answered, bool(there))
        self._send_again(department, "ris", one)
        after, placers = self._worklist(department, one.visit)
        assert placers == sorted(key for message in one.messages["ris"] for key in message.keys)
        assert before.items() <= after.items()
        for placer, item in after.items():
            self._check_item(placer, item, one)

    def _check_item(self, placer: str, item: Dataset, one: _Round) -> None:
        message = next(each for each in one.messages["ris"] if placer in each.keys)
        assert message.answer is not None
        assert item.AccessionNumber in message.answer.text
        assert item.PatientID == message.text.get("PID-3").partition("^")[0]
        assert item.PatientName == "Rivera^Elena^Maria^Ms"
        for keyword in (
            "AccessionNumber",
            "StudyInstanceUID",
            "RequestedProcedureID",
            "FillerOrderNumberImagingServiceRequest",
        ):
            self._mint(keyword, str(item[keyword].value))
        step = item.ScheduledProcedureStepSequence[0]
        self._mint("ScheduledProcedureStepID", step.ScheduledProcedureStepID)

    def _mint(self, kind: str, number: str) -> None:
        assert number, kind
        assert (kind, number) not in self._numbers, f"{kind} {number} was made twice"
        self._numbers.add((kind, number))

    def _worklist(self, department: Department, visit: Visit) -> tuple[dict[str, Dataset], list[str]]:
        """The items of a visit's day by their placer number, and all their placer numbers."""
        wanted = (
            keys(t00080050="", t00100010="", t00100020="", t0020000D=""),
            step_keys(t00400002=visit.day, t00400009=""),
            keys(t00401001="", t00402016="", t00402017=""),
        )
        with RawAssociation(department.dicom("ris", "worklist"), {1: WORKLIST}) as scanner:
            *matches, last = scanner.ask(1, find_rq(WORKLIST), b"".join(wanted))
        assert last.status == 0
        items = [match.identifier for match in matches]
        placers = sorted(str(item.PlacerOrderNumberImagingServiceRequest) for item in items)
        return {str(item.PlacerOrderNumberImagingServiceRequest): item for item in items}, placers

    # ---- images

    def _check_images(self, department: Department, one: _Round) -> None:
        stored = self._stored(department, one.visit)
        assert len(set(stored)) == len(stored)
        assert set(stored) <= {image.uid for image in one.images}
        for image in one.images:
            assert image.uid in stored or not image.answered, "an acknowledged image is missing"
            self._count("images", image.answered, image.uid in stored)
        with RawAssociation(department.dicom("pacs", "storage"), {1: SECONDARY_CAPTURE}) as scanner:
            for image in one.images:
                if not image.answered or image is one.images[0]:
                    answer = scanner.ask(1, store_command(image.uid), image.data_set)[-1]
                    assert answer.status == 0, answer
                    image.answered = True
        assert self._stored(department, one.visit) == sorted(image.uid for image in one.images)

    def _stored(self, department: Department, visit: Visit) -> list[str]:
        """The SOP Instance UIDs of a visit's study; what each level says of it agrees."""
        with RawAssociation(department.dicom("pacs", "storage"), {1: STUDY_ROOT}) as scanner:

            def find(level: str, **wanted: str) -> list[Dataset]:
                asked = keys(t00080052=level, t0020000D=visit.study, **wanted)
                *matches, last = scanner.ask(1, find_rq(STUDY_ROOT), asked)
                assert last.status == 0
                return [match.identifier for match in matches]

            studies = find("STUDY", t00100020="", t00080050="", t00201208="")
            series = find("SERIES", t0020000E="", t00201209="") if studies else []
            images = [
                [str(image.SOPInstanceUID) for image in find("IMAGE", t0020000E=each.SeriesInstanceUID, t00080018="")]
                for each in series
            ]
        found = sorted(uid for each in images for uid in each)
        assert [len(each) for each in images] == [each.NumberOfSeriesRelatedInstances for each in series]
        for study in studies:
            assert study.NumberOfStudyRelatedInstances == len(found)
            assert (study.PatientID, study.AccessionNumber) == (visit.patient, visit.accession)
        assert len(studies) == bool(found)
        return found

    def _check_files(self) -> None:
        """Each new file of the archive holds what was sent, and each image has one file."""
        archive = self._home / "pacs" / "archive"
        assert not (archive / "set_aside").exists()
        for path in sorted(set(archive.glob("images/*/*")) - self._files.keys()):
            meta = read_file_meta_info(path)
            uid = str(meta.MediaStorageSOPInstanceUID)
            begin = _BEGIN_OF_DATA_SET + meta.FileMetaInformationGroupLength
            assert path.read_bytes()[begin:] == self._images[uid].data_set
            self._files[path] = uid
        assert sorted(self._files.values()) == sorted(self._images)

    # ---- reports

    def _check_reports(self, department: Department, system: str, one: _Round) -> None:
        there = self._reports(system, one)
        for message in one.messages[system]:
            (told,) = message.keys
            assert there[told] <= 1
            assert there[told] or not message.answered, "an acknowledged report is missing"
            self._count("messages", message.answered, bool(there[told]))
        self._send_again(department, system, one)
        assert self._reports(system, one) == Counter(told for message in one.messages[system] for told in message.keys)

    def _reports(self, system: str, *rounds: _Round) -> Counter[str]:
        """The texts on these visits' studies on the shelf of a department that runs, and in its exceptions queue."""
        accessions = {key for one in rounds for key in (one.visit.accession, one.visit.unknown_accession)}
        with ReportShelf(self._home / _SHELVES[system], durable=True) as shelf:
            filed = [version.report for accession in accessions for version in shelf.history(accession)]
            held = [each.report for each in shelf.exceptions() if each.report.accession_number in accessions]
        return Counter(report.text for report in (*filed, *held))

    # ---- messages of all kinds

    def _send_again(self, department: Department, system: str, one: _Round) -> None:
        """The same bytes with the same MSH-10: what has an answer gets it again, what has none gets one now."""
        with MllpClient(department.hl7(system)) as client:
            for place, message in enumerate(one.messages[system]):
                if not message.answered or place == 0:
                    answer = client.ask(message.text.bytes())
                    assert message.answer is None or answer.raw == message.answer.raw
                    assert (answer.code, answer.answers) == ("AA", message.text.control_id)
                    message.answer = answer

    def _check_answers(self, answers: list[Answer]) -> None:
        """Each has a number of its own, and none is earlier than those that came before the last kill."""
        for answer in answers:
            assert answer.field("MSH-7") >= self._latest
            assert answer.field("MSH-10") not in self._control_ids
            self._control_ids.add(answer.field("MSH-10"))
        self._latest = max([self._latest, *(answer.field("MSH-7") for answer in answers)])

    def _ask_anything(self, department: Department) -> Answer:
        """The first answer after a start, to a message that asks for nothing possible: it tells the time."""
        with MllpClient(department.hl7("ris")) as client:
            return client.ask(order().without("PID").bytes())

    def _count(self, kind: str, answered: bool, there: bool) -> None:
        if answered:
            self.found[f"{kind} answered"] += 1
        else:
            self.found[f"{kind} unanswered, {'there' if there else 'not there'} after the kill"] += 1

    def _check_databases(self) -> None:
        for name in _DATABASES:
            uri = f"{(self._home / name).resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], name
                assert connection.execute("PRAGMA foreign_key_check").fetchall() == [], name


@dataclass(frozen=True)
class _Round:
    """What was sent between one start and the next kill."""

    visit: Visit
    messages: dict[str, list[Message]]  # by the system that got them
    images: list[Image]
