"""Sixty honest systems around one department, and others that misbehave; each is a thread of its own.

An honest one checks everything that it is told: the code and the id of each acknowledgment, the one item that belongs
to its patient, the images that its series has. What it finds wrong is a failure, also no answer within `PATIENCE`.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import random
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from dicom_bytes import SECONDARY_CAPTURE, STUDY_ROOT, VERIFICATION, WORKLIST, echo_rq, find_rq
from hl7_text import Hl7Text, new_control_id, order, report
from mllp_client import FS, VT, MllpClient
from raw_dicom import ABORT, RawAssociation, associate_rq, image, keys, p_data, store_command
from served_department import Department

#: Seconds. More peers than the machine can serve at once are served later, and served.
PATIENCE = 60.0
_KEPT_FAILURES = 20
_ROUNDS_ON_ONE_ASSOCIATION = 3
_IMAGES_OF_A_VISIT = 3


@dataclass
class Load:
    """What all peers share: the department, the end, and what they have seen."""

    department: Department
    stop: threading.Event = field(default_factory=threading.Event)
    answered: Counter[str] = field(default_factory=Counter)
    misdeeds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)  # SOP Instance UID -> digest of its data set
    accessions: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        with self.lock:
            self.answered[what] += 1

    def fail(self, who: str, error: Exception) -> None:
        with self.lock:
            if len(self.failures) < _KEPT_FAILURES:
                self.failures.append(f"{who}: {type(error).__name__}: {error}")


class Peer(threading.Thread):
    """Does one thing after another until the end."""

    def __init__(self, load: Load, name: str) -> None:
        super().__init__(daemon=True, name=name)
        self.load = load

    def run(self) -> None:
        while not self.load.stop.is_set():
            try:
                self.work()
            except Exception as error:  # it is told, and the next round begins
                self.load.fail(self.name, error)
                self.load.stop.wait(0.1)

    def work(self) -> None:
        raise NotImplementedError


# ---- honest ones


@dataclass(frozen=True)
class Ordered:
    """An order that was accepted."""

    patient: str
    accession: str


class OrderSender(Peer):
    """An order entry system: new orders, now and then the same message again, now and then one that is wrong."""

    def __init__(self, load: Load, number: int) -> None:
        super().__init__(load, f"order sender {number}")
        self._patients = (f"L{number:02d}-{count}" for count in itertools.count(1))
        self.orders: deque[Ordered] = deque(maxlen=8)

    def work(self) -> None:
        with MllpClient(self.load.department.hl7("ris"), patience=PATIENCE) as client:
            for place in range(20):
                if self.load.stop.is_set():
                    return
                if place % 7 == 1:
                    self._ask(client, order().without("PID"), "AE")
                else:
                    self._place(client, again=place % 7 == 3)

    def _place(self, client: MllpClient, *, again: bool) -> None:
        patient = next(self._patients)
        message = order().put("PID-3", f"{patient}^^^NORTHGATE^MR")
        told = self._ask(client, message, "AA")
        if again:
            assert self._ask(client, message, "AA") == told
        accession = told.rpartition(" ")[2]
        with self.load.lock:
            assert accession not in self.load.accessions
            self.load.accessions.add(accession)
        self.orders.append(Ordered(patient, accession))

    def _ask(self, client: MllpClient, message: Hl7Text, code: str) -> str:
        answer = client.ask(message.bytes())
        assert (answer.code, answer.answers) == (code, message.control_id), answer.raw
        self.load.count(f"HL7 {code}")
        return answer.text


class ReportSender(Peer):
    """A dictation system: reports on studies that nobody has, which a PACS keeps in its exceptions queue."""

    def __init__(self, load: Load, number: int, system: str) -> None:
        super().__init__(load, f"report sender {number}")
        self._system = system

    def work(self) -> None:
        with MllpClient(self.load.department.hl7(self._system), patience=PATIENCE) as client:
            for _ in range(20):
                if self.load.stop.is_set():
                    return
                message = report(self._system.upper()).put("OBR-18", "NONE")
                answer = client.ask(message.bytes())
                assert (answer.code, answer.answers) == ("AA", message.control_id), answer.raw
                self.load.count("HL7 AA")


class Scanner(Peer):
    """A modality: looks up a patient who was ordered a moment ago, and stores the images of the visit."""

    def __init__(self, load: Load, number: int, orders: deque[Ordered]) -> None:
        super().__init__(load, f"scanner {number}")
        self._number = number
        self._orders = orders
        self._visits = itertools.count(1)

    def work(self) -> None:
        while not self._orders:
            if self.load.stop.wait(0.05):
                return
        visits = [random.choice(tuple(self._orders)) for _ in range(_ROUNDS_ON_ONE_ASSOCIATION)]
        ris, pacs = (self.load.department.dicom(*side) for side in (("ris", "worklist"), ("pacs", "storage")))
        own = {"calling": f"SCANNER{self._number}", "patience": PATIENCE}
        with RawAssociation(ris, {1: VERIFICATION, 3: WORKLIST}, **own) as scanner:
            self._done("C-ECHO", scanner.ask(1, echo_rq())[-1].status == 0)
            for visit in visits:
                if not self.load.stop.is_set():
                    self._look_up(scanner, visit)
        with RawAssociation(pacs, {1: SECONDARY_CAPTURE, 3: STUDY_ROOT}, **own) as scanner:
            for visit in visits:
                if not self.load.stop.is_set():
                    self._examine(scanner, visit)

    def _look_up(self, scanner: RawAssociation, visit: Ordered) -> None:
        asked = keys(t00080050="", t00100010="", t00100020=visit.patient)
        *items, last = scanner.ask(3, find_rq(WORKLIST), asked)
        found = [(item.identifier.AccessionNumber, str(item.identifier.PatientName)) for item in items]
        right = last.status == 0 and found == [(visit.accession, "Rivera^Elena^Maria^Ms")]
        self._done("C-FIND worklist", right, f"{visit}: 0x{last.status:04X} {found}")

    def _examine(self, scanner: RawAssociation, visit: Ordered) -> None:
        study = f"1.2.826.0.2.{self._number}.{next(self._visits)}"
        uids = [f"{study}.1.{number}" for number in range(1, _IMAGES_OF_A_VISIT + 1)]
        for number, uid in enumerate(uids):
            one = image(
                uid, study=study, number=number, patient=visit.patient, accession=visit.accession, size=32 << number
            )
            answer = scanner.ask(1, store_command(uid), one)[-1]
            self._done("C-STORE", answer.status == 0, f"0x{answer.status:04X} {answer.comment}")
            self.load.images[uid] = hashlib.sha256(one).digest()
        asked = keys(t00080018="", t00080052="IMAGE", t0020000D=study, t0020000E=f"{study}.1")
        *found, last = scanner.ask(3, find_rq(STUDY_ROOT), asked)
        stored = sorted(one.identifier.SOPInstanceUID for one in found)
        self._done("C-FIND archive", last.status == 0 and stored == uids, f"0x{last.status:04X} {stored}")

    def _done(self, what: str, right: bool, told: str = "") -> None:
        assert right, f"{what} {told}"
        self.load.count(what)


# ---- those that misbehave


class Misbehaving(Peer):
    """Does the same wrong thing again and again; nobody asks how it ends, but the wrong AE title has its answer."""

    def __init__(self, load: Load, number: int, misdeed: Callable[[Load, random.Random], None]) -> None:
        super().__init__(load, f"{misdeed.__name__} {number}")
        self._misdeed = misdeed
        self._random = random.Random(number)

    def work(self) -> None:
        with contextlib.suppress(OSError, EOFError):  # it is hung up on, rightly
            self._misdeed(self.load, self._random)
        with self.load.lock:
            self.load.misdeeds[self._misdeed.__name__] += 1
        self.load.stop.wait(0.05)


def _sides(load: Load) -> list[tuple[str, int]]:
    return [(side["host"], side["port"]) for system in load.department.addresses.values() for side in system.values()]


def _connected(where: tuple[str, int]) -> socket.socket:
    return socket.create_connection(where, timeout=PATIENCE)


def _archive(load: Load) -> RawAssociation:
    return RawAssociation(load.department.dicom("pacs", "storage"), {1: SECONDARY_CAPTURE}, calling="ROGUE")


def idle_sockets(load: Load, chance: random.Random) -> None:
    """Connect to every side, say nothing, and stay for a while."""
    with contextlib.ExitStack() as open_now:
        for where in _sides(load):
            open_now.enter_context(_connected(where))
        load.stop.wait(chance.uniform(0.2, 2))


def half_a_pdu(load: Load, chance: random.Random) -> None:
    address = load.department.dicom("ris", "worklist")
    whole = associate_rq(address.ae_title, "ROGUE", {1: VERIFICATION})
    with _connected((address.host, address.port)) as peer:
        peer.sendall(whole[: chance.randrange(1, len(whole))])
        load.stop.wait(chance.uniform(0, 1))


def half_a_frame(load: Load, chance: random.Random) -> None:
    whole = VT + order().bytes() + FS
    address = load.department.hl7(chance.choice(("ris", "pacs", "emr")))
    with _connected((address.host, address.port)) as peer:
        peer.sendall(whole[: chance.randrange(1, len(whole) - 1)])
        load.stop.wait(chance.uniform(0, 1))


def abort_in_a_store(load: Load, chance: random.Random) -> None:
    """Send a part of an image, then A-ABORT, a reset, or nothing but the end."""
    uid = f"1.2.826.0.9.{chance.getrandbits(60)}.1.1"
    one = image(uid, study="1.2.826.0.9", number=1, patient="ROGUE", accession="ROGUE", size=512)
    whole = p_data(1, store_command(uid), one)
    scanner = _archive(load)
    try:
        scanner.socket.sendall(whole[: chance.randrange(len(whole) // 4, len(whole) - 8)])
        ending = chance.randrange(3)
        if ending == 0:
            scanner.socket.sendall(ABORT)
        elif ending == 1:
            scanner.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    finally:
        scanner.close()


def garbage(load: Load, chance: random.Random) -> None:
    with _connected(chance.choice(_sides(load))) as peer:
        peer.sendall(chance.choice((b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b"", VT)) + chance.randbytes(300))
        load.stop.wait(0.1)


def wrong_ae_title(load: Load, chance: random.Random) -> None:
    address = load.department.dicom(*chance.choice((("ris", "worklist"), ("pacs", "storage"))))
    with _connected((address.host, address.port)) as peer, peer.makefile("rb") as answers:
        peer.sendall(associate_rq("SOMEBODY_ELSE", "ROGUE", {1: VERIFICATION}))
        answer = answers.read(10)
    if answer != b"\x03\0\0\0\0\4\0\1\1\7":
        load.fail("wrong AE title", AssertionError(f"answered with {answer.hex()}"))


def reads_no_answers(load: Load, chance: random.Random) -> None:
    """Ask for the whole worklist, and send orders that are wrong, and read nothing of what comes back."""
    asked = p_data(1, find_rq(WORKLIST), keys(t00080050="", t00100010="", t00100020="", t00321060=""))
    wrong = VT + order().put("MSH-10", new_control_id()).without("PID").bytes() + FS + b"\r"
    ris = load.department.dicom("ris", "worklist")
    with (
        contextlib.closing(RawAssociation(ris, {1: WORKLIST}, calling="ROGUE")) as scanner,
        MllpClient(load.department.hl7("ris")) as sender,
    ):
        for peer in (scanner.socket, sender.socket):
            peer.settimeout(2)
        scanner.socket.sendall(asked)
        with contextlib.suppress(TimeoutError):
            for _ in range(50):
                sender.socket.sendall(wrong)
        load.stop.wait(chance.uniform(0.5, 3))


MISDEEDS = (
    idle_sockets,
    half_a_pdu,
    half_a_frame,
    abort_in_a_store,
    garbage,
    wrong_ae_title,
    reads_no_answers,
)


def peers(load: Load, *, scanners: int, senders: int, misbehaving: int) -> list[Peer]:
    """All of them, not yet started. A third of the senders report."""
    reporting = senders // 3
    ordering = [OrderSender(load, number) for number in range(1, senders - reporting + 1)]
    found: list[Peer] = [*ordering]
    found += [ReportSender(load, number, ("pacs", "emr")[number % 2]) for number in range(1, reporting + 1)]
    found += [Scanner(load, number, ordering[number % len(ordering)].orders) for number in range(1, scanners + 1)]
    for number in range(misbehaving):
        found.append(Misbehaving(load, number, MISDEEDS[number % len(MISDEEDS)]))
    return found
