"""Rows 67 to 74 of the list of faults: queries of a worklist and of an archive (C-FIND).

PS3.4 sections C.2.2 and K.2.2 have the kinds of matching, Tables C.4-1 and K.4-1 the statuses.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dicom_bytes as dicom
from answers import ask
from case import Case
from dicom_answers import answer, responses
from dicom_peer import ACCEPTED, Play, associated, connected, on_open, opened, released
from hl7_text import order
from image_bytes import MR_IMAGE, PATIENT_NAME, element, image, store
from pydicom.dataset import Dataset

from hl7dicom_lab.services.archive_scp import ArchiveScp
from hl7dicom_lab.services.worklist_scp import WorklistScp

if TYPE_CHECKING:
    from department import Department

    from hl7dicom_lab.services.acceptor import DicomAcceptor
    from hl7dicom_lab.storage.database import Database

_REFUSED = "C-FIND-RSP 0xA900"
_CHARACTER_SET, _STUDY_DATE, _STUDY_TIME, _LEVEL = 0x00080005, 0x00080020, 0x00080030, 0x00080052
_ACCESSION, _MODALITY, _PATIENT_NAME, _PATIENT_ID = 0x00080050, 0x00080060, 0x00100010, 0x00100020
_STUDY_UID, _SERIES_UID, _STEP = 0x0020000D, 0x0020000E, 0x00400100
_STATION_TITLE, _START_DATE, _START_TIME = 0x00400001, 0x00400002, 0x00400003
_STUDY = dicom.text(_LEVEL, "STUDY")
_EVERYBODY = dicom.text(_PATIENT_ID, "")


def _worklist(*keys: bytes) -> Play:
    """A query of the worklist."""
    return on_open("worklist", dicom.message(3, dicom.find_rq(), b"".join(keys)))


def _step(*keys: bytes) -> Play:
    """A query of the worklist with keys in ScheduledProcedureStepSequence."""
    return _worklist(dicom.sequence(_STEP, b"".join(keys)))


def _archive(*keys: bytes) -> Play:
    """A query of the archive at level STUDY; the keys are in the order of their tags."""
    level_at = sum(key[:4] < _STUDY[:4] for key in keys if key[:2] == _STUDY[:2])
    sorted_keys = (*keys[:level_at], _STUDY, *keys[level_at:])
    return on_open("storage", dicom.message(3, dicom.find_rq(dicom.STUDY_ROOT), b"".join(sorted_keys)))


_NO_SOP_CLASS = dicom.command(
    *(dicom.number(tag, value) for tag, value in ((0x100, dicom.C_FIND), (0x110, 1), (0x700, 0), (0x800, 1)))
)

SOP_CLASSES = (
    Case(67, "C-FIND without an Affected SOP Class UID", "C-FIND-RSP 0x0122",
         on_open("worklist", dicom.message(3, _NO_SOP_CLASS, _EVERYBODY)),
         trace="the SOP Class is not the one of context 3"),
    Case(67, "a worklist query on the context of Verification", "C-FIND-RSP 0x0122",
         on_open("worklist", dicom.message(1, dicom.find_rq(), _EVERYBODY)),
         trace="the SOP Class is not the one of context 1"),
    Case(67, "a worklist query on the archive's context", "C-FIND-RSP 0x0122",
         on_open("storage", dicom.message(3, dicom.find_rq(dicom.WORKLIST), _EVERYBODY)),
         trace="the SOP Class is not the one of context 3"),
)  # fmt: skip

VALUES = (
    Case(68, "a day that does not exist, in a worklist query", _REFUSED, _step(dicom.text(_START_DATE, "20260231")),
         trace="'20260231' is no value for a key of VR DA"),
    Case(68, "a date with hyphens", _REFUSED, _step(dicom.text(_START_DATE, "2026-03-02")),
         trace="'2026-03-02' is no value for a key of VR DA"),
    Case(68, "a range of dates that ends before it begins", _REFUSED,
         _step(dicom.text(_START_DATE, "20260303-20260301")), trace="the range ends before it begins"),
    Case(68, "a month that does not exist, in a query of the archive", _REFUSED,
         _archive(dicom.text(_STUDY_DATE, "20261301")), trace="StudyDate: '20261301' is no value"),
    Case(69, "a wild card in a date", _REFUSED, _step(dicom.text(_START_DATE, "202603*")),
         trace="Wild cards do not work in dates and times"),
    Case(69, "a wild card in a time", _REFUSED, _step(dicom.text(_START_TIME, "09*")),
         trace="Wild cards do not work in dates and times"),
    Case(69, "a wild card in a UID", _REFUSED, _worklist(dicom.uid(_STUDY_UID, "1.2.*")), trace="'1.2.*' is no UID"),
    Case(69, "a wild card alone in a UID, asked of the archive", _REFUSED, _archive(dicom.uid(_STUDY_UID, "*")),
         trace="StudyInstanceUID: '*' is no UID"),
    Case(69, "a wild card in a time, asked of the archive", _REFUSED, _archive(dicom.text(_STUDY_TIME, "0?")),
         trace="StudyTime: '0?' is no value"),
)  # fmt: skip


def _matches(count: int | None = None) -> Iterator[tuple[int, Dataset]]:
    """So many matches, or matches without an end."""
    for number in itertools.count() if count is None else range(count):
        match = Dataset()
        match.PatientID = f"M-{number}"
        yield 0xFF00, match


@contextmanager
def _finding(department: Department, port: str, count: int | None, limit: int | None) -> Iterator[DicomAcceptor]:
    """An acceptor beside the department's that finds so many matches; the trace is the department's."""
    lab = department.lab
    common = {"ae_title": "BESIDE", "trace": lab.trace, "system": "BESIDE", "clock": lab.clock, "limit": limit}
    if port == "worklist":
        acceptor: DicomAcceptor = WorklistScp(lambda *_: _matches(count), **common)
    else:
        acceptor = ArchiveScp(lambda _: None, lambda *_: _matches(count), **common)
    with acceptor:
        yield acceptor


def _cancelled(port: str, model: str, *, at_once: bool = False) -> Play:
    """A query that never ends by itself, and C-CANCEL-RQ after some matches, or in one packet with the query."""

    def play(department: Department) -> str:
        asked, cancel = dicom.message(1, dicom.find_rq(model, 5), _EVERYBODY), dicom.message(1, dicom.cancel_rq(5))
        with _finding(department, port, None, None) as acceptor, connected(acceptor) as peer:
            assert associated(peer, acceptor, (1, model, [dicom.IMPLICIT])) == ACCEPTED
            peer.sendall(asked + cancel if at_once else asked)
            if not at_once:
                for _ in range(6):  # three matches, each a command set and an identifier
                    dicom.read_pdu(peer)
                peer.sendall(cancel)
            *_, final = responses(peer)
            return released(peer, final.words)

    return play


def _limited(port: str, model: str) -> Play:
    def play(department: Department) -> str:
        with _finding(department, port, 3, 2) as acceptor, connected(acceptor) as peer:
            assert associated(peer, acceptor, (1, model, [dicom.IMPLICIT])) == ACCEPTED
            peer.sendall(dicom.message(1, dicom.find_rq(model), _EVERYBODY))
            *found, final = responses(peer)
            assert final.comment == "more than 2 match; ask with more keys"
            return released(peer, f"{len(found)} matches, {final.words}")

    return play


@contextmanager
def _without(database: Database, table: str) -> Iterator[None]:
    """While it lasts the database has lost a table."""
    database.rows(f"ALTER TABLE {table} RENAME TO lost")
    try:
        yield
    finally:
        database.rows(f"ALTER TABLE lost RENAME TO {table}")


def _failing(port: str) -> Play:
    """A query while what answers it is broken, and the same query afterwards on the same association."""

    def play(department: Department) -> str:
        lab = department.lab
        book = lab.ris.order_book.database if port == "worklist" else lab.pacs.archive.database
        model, keys = (dicom.WORKLIST, b"") if port == "worklist" else (dicom.STUDY_ROOT, _STUDY)
        nobody = keys + dicom.text(_PATIENT_ID, "NOBODY")
        with opened(department, port) as peer:
            with _without(book, "step" if port == "worklist" else "study"):
                peer.sendall(dicom.message(3, dicom.find_rq(model), nobody))
                (failure,) = responses(peer)
            assert "no such table" in failure.comment
            peer.sendall(dicom.message(3, dicom.find_rq(model, 2), nobody))
            assert answer(peer) == "C-FIND-RSP 0x0000"
            return released(peer, failure.words)

    return play


SERVICE = (
    Case(70, "C-CANCEL-RQ in the middle of the matches of a worklist", "C-FIND-RSP 0xFE00",
         _cancelled("worklist", dicom.WORKLIST), untraced="the request and its status tell it"),
    Case(70, "C-CANCEL-RQ in the middle of the matches of an archive", "C-FIND-RSP 0xFE00",
         _cancelled("storage", dicom.STUDY_ROOT), untraced="the request and its status tell it"),
    Case(70, "C-CANCEL-RQ in one packet with its query", "C-FIND-RSP 0xFE00",
         _cancelled("worklist", dicom.WORKLIST, at_once=True), untraced="the request and its status tell it"),
    Case(70, "C-CANCEL-RQ of another message than the query", "C-FIND-RSP 0x0000",
         on_open("worklist", dicom.message(3, dicom.cancel_rq(9)),
                 dicom.message(3, dicom.find_rq(message_id=5), dicom.text(_PATIENT_ID, "NOBODY"))),
         trace="ignored: C-CANCEL-RQ about message 9"),
    Case(71, "a worklist query with more matches than the limit, 2", "2 matches, C-FIND-RSP 0xA700",
         _limited("worklist", dicom.WORKLIST), trace="more than 2 match"),
    Case(71, "a query of the archive with more matches than the limit, 2", "2 matches, C-FIND-RSP 0xA700",
         _limited("storage", dicom.STUDY_ROOT), trace="more than 2 match"),
    Case(72, "a worklist query while the order book is broken", "C-FIND-RSP 0xC001", _failing("worklist"),
         trace="the service failed: OperationalError: no such table"),
    Case(72, "a query of the archive while its index is broken", "C-FIND-RSP 0xC001", _failing("storage"),
         trace="the service failed: OperationalError: no such table"),
)  # fmt: skip


def _finds(name: str, declared: str, key: bytes) -> Play:
    """Order an examination for somebody, and find it by a key in some character set."""

    def play(department: Department) -> str:
        placed = order().put("PID-5", name).put("PID-3", "NG-73^^^NORTHGATE^MR")
        assert ask(department, placed) == "AA"
        keys = (dicom.text(_CHARACTER_SET, declared), dicom.element(_PATIENT_NAME, key), _EVERYBODY)
        placer = dicom.text(0x00402016, placed.placer)
        return _worklist(*keys, placer)(department)

    return play


def _finds_study(department: Department) -> str:
    """Store an image with a name in UTF-8, and find its study by the name in ISO_IR 100."""
    uid = "1.2.826.0.1.3680043.10.73.1.1"
    name = {
        _CHARACTER_SET: element(_CHARACTER_SET, "CS", "ISO_IR 192"),
        PATIENT_NAME: element(PATIENT_NAME, "PN", "Núñez^Inés"),
    }
    assert store(department, image(uid, name), command=dicom.store_rq(MR_IMAGE, uid)) == "C-STORE-RSP 0x0000"
    keys = dicom.text(_CHARACTER_SET, "ISO_IR 100"), dicom.element(_PATIENT_NAME, "Núñez^Inés".encode("iso8859-1"))
    return _archive(*keys, dicom.uid(_STUDY_UID, uid.rpartition(".")[0]))(department)


_ONE = "1 match, C-FIND-RSP 0x0000"

CHARACTER_SETS = (
    Case(73, "a worklist query in ISO_IR 100 for a name that came in UTF-8", _ONE,
         _finds("Núñez^Ana", "ISO_IR 100", "Núñez^Ana ".encode("iso8859-1")), untraced="it is right",
         changes=True),
    Case(73, "a worklist query in ISO 2022 IR 87 for a name in kanji", _ONE,
         _finds("Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I", "\\ISO 2022 IR 87", b"=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
         untraced="it is right", changes=True),
    Case(73, "a worklist query in GB18030 for a name in hanzi", _ONE,
         _finds("Wang^XiaoDong^^^^^L^A~王^小东^^^^^L^I", "GB18030", "=王* ".encode("gb18030")),
         untraced="it is right", changes=True),
    Case(73, "a query of the archive in ISO_IR 100 for a name in UTF-8", _ONE, _finds_study, untraced="it is right",
         changes=True),
    Case(73, "bytes that the declared character set does not have", _REFUSED,
         _worklist(dicom.text(_CHARACTER_SET, "ISO_IR 192"), dicom.element(_PATIENT_NAME, b"N\xfa\xf1ez ")),
         trace="the text has bytes that Specific Character Set (0008,0005) does not allow"),
    Case(73, "other bytes than ASCII in a character set that nobody knows", _REFUSED,
         _archive(dicom.text(_CHARACTER_SET, "ISO_IR 999"), dicom.element(_PATIENT_NAME, b"N\xfa\xf1ez ")),
         trace="the text has bytes that Specific Character Set (0008,0005) does not allow"),
)  # fmt: skip


def _at_the_root(department: Department) -> str:
    """Ask for the day of another scanner, with all keys at the root, and for one order that is not of that scanner."""
    known = next(step for step in department.lab.ris.steps() if step.accession_number.startswith("HONEST"))
    return _worklist(
        dicom.text(_ACCESSION, known.accession_number),
        dicom.text(_MODALITY, "CT"),
        dicom.text(_STATION_TITLE, "NORTHGATE_CT1"),
        dicom.text(_START_DATE, "19990101"),
    )(department)


def _of_another_level(department: Department) -> str:
    known = next(step for step in department.lab.ris.steps() if step.accession_number.startswith("HONEST"))
    accession = dicom.text(_ACCESSION, known.accession_number)
    return on_open(
        "storage",
        dicom.message(
            3,
            dicom.find_rq(dicom.STUDY_ROOT),
            accession + _STUDY + dicom.text(_MODALITY, "CT") + dicom.uid(_STUDY_UID, ""),
        ),
    )(department)


PLACES = (
    Case(74, "keys at the root that belong in the step sequence", "1 match with 0xFF01, C-FIND-RSP 0x0000",
         _at_the_root, trace="no key in this place, so it was ignored and everything matched it"),
    Case(74, "a key of level SERIES in a query of level STUDY", "1 match with 0xFF01, C-FIND-RSP 0x0000",
         _of_another_level, trace="Modality is a key of level SERIES: it is ignored at level STUDY"),
    Case(74, "a key twice in one query", _REFUSED,
         _worklist(dicom.text(_PATIENT_ID, "NG-1"), dicom.text(_PATIENT_ID, "NG-2")),
         trace="(0010,0020) stands twice in one data set"),
)  # fmt: skip

CASES = (*SOP_CLASSES, *VALUES, *SERVICE, *CHARACTER_SETS, *PLACES)
