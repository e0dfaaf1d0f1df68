"""A disk that is full and a store that is read-only: refused in words, nothing lost, and no restart needed afterwards.

The faults are the operating system's own (`small_disk`). Mounting a small disk needs root; where that is forbidden, a
limit on what a process may write takes its place, so that nothing is skipped.
"""

from __future__ import annotations

import itertools
import socket
import sys
import time
from contextlib import ExitStack

import psutil
import pytest
from department_clients import Image, Message, Visit, images, new_order, new_report
from dicom_bytes import SECONDARY_CAPTURE, STUDY_ROOT, VERIFICATION, echo_rq, find_rq
from kept_record import KeptRecord
from mllp_client import MllpClient
from raw_dicom import RawAssociation, keys, store_command
from served_department import PATIENCE, Department, Running, eventually, served
from small_disk import small_disk, unwritable

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.lab import Lab

#: More refusals than numbers and seconds that the department has set aside, so that none of them can hide a full disk.
_REFUSALS = 110
#: Descriptors that the system sets aside for threads that wait for a connection, and counts nowhere.
_RESERVED = 16
_CAUSES = ("database or disk is full", "disk I/O error", "No space left on device", "File too large")

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what another process may write")


class Traffic:
    """One connection to each listener, and everything that was sent over it."""

    def __init__(self, department: Department, visit: Visit) -> None:
        self._department = department
        self._visit = visit
        self._images = images(visit, 1)
        self.messages: dict[str, list[Message]] = {"ris": [], "pacs": [], "emr": []}
        self.images: list[Image] = []
        self.refusals: list[str] = []

    def send(self, rounds: int) -> None:
        """An order, so many times, and with every fifth one a report to each receiver and an image."""
        storage = self._department.dicom("pacs", "storage")
        with ExitStack() as open_now:
            clients = {
                system: open_now.enter_context(MllpClient(self._department.hl7(system))) for system in self.messages
            }
            scanner = open_now.enter_context(RawAssociation(storage, {1: SECONDARY_CAPTURE, 3: VERIFICATION}))
            for number in range(rounds):
                self._send(clients, "ris")
                if number % 5 == 0:
                    self._send(clients, "pacs")
                    self._send(clients, "emr")
                    self._store(scanner)
                    assert scanner.ask(3, echo_rq())[-1].status == 0

    def _send(self, clients: dict[str, MllpClient], system: str) -> None:
        message = new_order(self._visit) if system == "ris" else new_report(system.upper(), self._visit)
        self.messages[system].append(message)
        answer = clients[system].ask(message.text.bytes())
        assert answer.answers == message.text.control_id
        if answer.code == "AA":
            message.answer = answer
        else:
            assert (answer.code, answer.error) == ("AE", 207)
            self.refusals.append(answer.text)

    def _store(self, scanner: RawAssociation) -> None:
        self.images.append(image := next(self._images))
        answer = scanner.ask(1, store_command(image.uid), image.data_set)[-1]
        image.answered = answer.status == 0
        if not image.answered:
            assert answer.status == 0xA700
            self.refusals.append(answer.comment)


# ---- a disk that is full


@linux_only
@pytest.mark.parametrize("mounted", [pytest.param(True, marks=pytest.mark.interop), False])
def test_a_full_disk_is_told_and_costs_nothing_that_was_acknowledged(tmp_path, mounted):
    with small_disk(tmp_path / "disk", mounted=mounted) as disk:
        home = disk.folder / "home"
        record = KeptRecord(home)
        with served(tmp_path, home=home) as department:
            traffic = Traffic(department, Visit(1))
            traffic.send(10)
            assert traffic.refusals == []
            disk.fill(department.process.pid)
            traffic.send(_REFUSALS)
            assert len(traffic.refusals) >= _REFUSALS
            assert all(any(cause in said for cause in _CAUSES) for said in traffic.refusals), set(traffic.refusals)
            assert list((home / "pacs" / "archive" / "incoming").iterdir()) == []
            disk.make_room(department.process.pid)
            before = len(traffic.refusals)
            traffic.send(6)
            assert len(traffic.refusals) == before
        record.add(Visit(1), traffic.messages, traffic.images)
        with served(tmp_path, home=home) as department:
            record.check(department)
            record.check_everything(department)


@linux_only
@pytest.mark.parametrize("grown", [False, True])
def test_a_department_that_can_write_nothing_does_not_start_and_says_where(tmp_path, grown):
    if grown:
        with Lab(tmp_path / "home"):
            pass
    no_writing = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); from hl7dicom_lab.cli import main"
    with served(tmp_path, python=("-c", f"{no_writing}; main()")) as department:
        said, _ = department.process.communicate(timeout=PATIENCE)
    assert department.process.returncode == 1
    assert "Traceback" not in said
    assert str(tmp_path / "home") in "".join(said.split("\n"))
    assert "Next step: " in said
    with served(tmp_path) as department:  # once it may write again
        assert department.addresses


# ---- no file descriptor left


@linux_only
def test_a_department_without_file_descriptors_says_so_and_serves_on(tmp_path):
    with served(tmp_path) as department, ExitStack() as open_now:
        worklist, storage = department.dicom("ris", "worklist"), department.dicom("pacs", "storage")
        sender = open_now.enter_context(MllpClient(department.hl7("ris")))
        scanner = open_now.enter_context(RawAssociation(storage, {1: SECONDARY_CAPTURE}))
        message = new_order(Visit(1)).text.bytes()
        first, second = itertools.islice(images(Visit(1), 1), 2)
        process = psutil.Process(department.process.pid)
        limit = process.num_fds() + 40
        process.rlimit(psutil.RLIMIT_NOFILE, (limit, limit))
        with ExitStack() as idle:
            for _ in range(60):
                idle.enter_context(socket.create_connection((worklist.host, worklist.port), timeout=PATIENCE))
            assert eventually(lambda: process.num_fds() >= limit - _RESERVED and _stands_still(process))
            answer = sender.ask(message)
            # SQLite has its files open, and now and then wants another.
            assert answer.code == "AA" or answer.error == 207
            refused = scanner.ask(1, store_command(first.uid), first.data_set)[-1]
            assert (refused.status, refused.comment) == (0xA700, "the image cannot be kept: Too many open files")
        assert eventually(lambda: process.num_fds() < limit - 20)
        assert sender.ask(message).code == "AA"
        for image in (first, second):
            assert scanner.ask(1, store_command(image.uid), image.data_set)[-1].status == 0
        with RawAssociation(worklist, {1: VERIFICATION}) as other:
            assert other.ask(1, echo_rq())[-1].status == 0


def _stands_still(process: psutil.Process) -> bool:
    """Whether it has opened nothing more for a while."""
    before = process.num_fds()
    time.sleep(0.3)
    return process.num_fds() == before


# ---- a store that is read-only


on_a_mount_and_without = pytest.mark.parametrize("mounted", [pytest.param(True, marks=pytest.mark.interop), False])


@on_a_mount_and_without
def test_a_store_that_becomes_read_only_refuses_images_and_serves_on(tmp_path, mounted):
    with Lab(tmp_path / "home") as lab:
        traffic = Traffic(Running(lab), Visit(1))
        traffic.send(1)
        with unwritable(tmp_path / "home" / "pacs" / "archive" / "incoming", mounted=mounted):
            traffic.send(1)
            assert [image.answered for image in traffic.images] == [True, False]
            assert all(message.answered for sent in traffic.messages.values() for message in sent)
            (said,) = traffic.refusals
            assert said.startswith("the image cannot be kept: ")
            with RawAssociation(lab.pacs.storage, {1: STUDY_ROOT}) as scanner:
                asked = keys(t00080052="STUDY", t0020000D=Visit(1).study, t00201208="")
                found, last = scanner.ask(1, find_rq(STUDY_ROOT), asked)
            assert (last.status, found.identifier.NumberOfStudyRelatedInstances) == (0, 1)
        traffic.send(1)
        assert traffic.images[-1].answered
        assert lab.pacs.archive.verify(contents=True) == ()


@on_a_mount_and_without
@pytest.mark.parametrize("place", [".", "ris", "pacs/archive"])
def test_a_folder_that_is_read_only_is_named_at_the_start(tmp_path, mounted, place):
    home = tmp_path / "home"
    with Lab(home):
        pass
    with unwritable(home / place, mounted=mounted), pytest.raises(SetupError) as caught:
        Lab(home).start()
    assert str(home) in caught.value.where
    assert caught.value.next_step
    with Lab(home) as lab:
        assert lab.running
