"""Byte-level fuzzing of the four listeners of a running department: RIS and PACS, each with HL7 and with DICOM.

Streams of honest peers are spoiled (bits flipped, bytes cut out, repeated, put in, lengths and types changed, PDUs in
another order, several peers on one connection), or bytes are drawn at random. Each case is drawn from its own number,
so a case that fails is the same when it is run again.

What has to hold, whatever came: every connection that the peer ends is ended; every byte that comes back belongs to a
frame or a PDU; nothing is answered with yes that is not in the order book, in the archive or with the reports; nobody's
thread dies, nothing is printed; and afterwards threads, file descriptors and memory are where they were, and honest
peers are served.

The suite runs 400 cases. HL7DICOM_LAB_FUZZ=100 runs a hundred times as many, other ones (`fuzzing.py`).
"""

from __future__ import annotations

import contextlib
import gc
import logging
import random
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psutil
import pytest
from dicom_bytes import EXPLICIT, SECONDARY_CAPTURE, STUDY_ROOT, VERIFICATION, WORKLIST, echo_rq, find_rq
from fuzzing import TIMES, edited, random_edits
from hl7_text import adt, group, order, report
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from raw_dicom import ABORT, RELEASE_RQ, associate_rq, image, keys, p_data, step_keys, store_command

from hl7dicom_lab import story
from hl7dicom_lab.lab import Lab

CASES = 400 * TIMES
WARM_UP = CASES // 4
CLIENTS = 4
PATIENCE = 15.0  # seconds until a connection that the peer has ended has to be ended, generous on a busy machine
QUIET = 60.0  # seconds until nothing is left of any connection
ANSWERED = 0.1  # seconds of silence after which an association has said what it has to say
GROWTH = 96 * 1024 * 1024  # bytes of memory that come and go with the traffic of a round

VT, FS, CR = b"\x0b", b"\x1c", b"\r"
PIECES = [
    *(
        VT,
        FS,
        CR,
        FS + CR,
        b"\n",
        b"\0",
        b"\xff",
        b"|",
        b"\\X0D\\",
        b"MSH|^~\\&|",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
    ),
    *(bytes((one, 0)) for one in range(1, 8)),
    *(
        RELEASE_RQ,
        ABORT,
        b"\xff\xff\xff\xff",
        b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
        b"\xfe\xff\xdd\xe0\0\0\0\0",
        b"\0\0\x10\0",
    ),
]
LINGER = "hh" if sys.platform == "win32" else "ii"


@dataclass(frozen=True)
class Case:
    """What one peer sends, packet by packet, and how it goes: it ends its side, hangs up, or breaks the connection."""

    listener: str  # RIS, PACS
    protocol: str  # HL7, DICOM
    packets: list[bytes]
    waits: bool  # for an answer to each packet
    end: str


def case_of(number: int, lab: Lab) -> Case:
    chance = random.Random(number)
    listener, protocol = chance.choice(("RIS", "PACS")), chance.choice(("HL7", "DICOM"))
    waits = protocol == "DICOM" and chance.random() < 0.75
    if chance.random() < 0.08:
        packets = [chance.randbytes(chance.choice((1, 5, 60, 3000)))]
    elif protocol == "HL7":
        packets = hl7_frames(chance, listener, number)
    else:
        packets = dicom_pdus(chance, listener, number, lab)
    if not waits:
        packets = [b"".join(packets)]
    if chance.random() < 0.85:
        spoiled = chance.randrange(len(packets))
        packets[spoiled] = edited(packets[spoiled], random_edits(chance, PIECES))
    if not waits:
        packets = cut(packets[0], chance)
    return Case(listener, protocol, packets, waits, chance.choice(("ends", "ends", "ends", "hangs up", "breaks")))


def cut(stream: bytes, chance: random.Random) -> list[bytes]:
    cuts = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.choice((0, 0, 1, 3))))
    return [stream[begin:end] for begin, end in pairwise((0, *cuts, len(stream)))]


def hl7_frames(chance: random.Random, listener: str, number: int) -> list[bytes]:
    made = {
        "RIS": (order, lambda: order("OMI"), lambda: order().add(group()), adt, lambda: adt("A08")),
        "PACS": (report, lambda: report().put("OBR-18", "NG000001"), adt),
    }[listener]
    messages = [chance.choice(made)() for _ in range(chance.choice((1, 1, 2, 5)))]
    patient = f"F-{number}^^^NORTHGATE^MR"  # of each case its own: an update goes to all steps of its patient
    return [VT + message.put("PID-3", patient).bytes() + FS + CR for message in messages]


def dicom_pdus(chance: random.Random, listener: str, number: int, lab: Lab) -> list[bytes]:
    """One association or more, as whole PDUs, some of which then change their places or what their headers say."""
    pdus = [
        pdu for peer in range(chance.choice((1, 1, 1, 2))) for pdu in association(chance, listener, number, peer, lab)
    ]
    if chance.random() < 0.35:
        place = chance.randrange(len(pdus))
        match chance.randrange(5):
            case 0:
                pdus.insert(chance.randrange(len(pdus)), pdus[place])
            case 1:
                del pdus[place]
            case 2:
                chance.shuffle(pdus)
            case 3:
                pdus[place] = bytes((chance.randrange(256),)) + pdus[place][1:]
            case 4:
                length = chance.choice((0, 1, len(pdus[place]) - 5, len(pdus[place]) - 7, 0xFFFF, 0xFFFFFFFF))
                pdus[place] = pdus[place][:2] + struct.pack(">L", max(0, length)) + pdus[place][6:]
    return pdus


def association(chance: random.Random, listener: str, number: int, peer: int, lab: Lab) -> Iterator[bytes]:
    address = lab.ris.worklist if listener == "RIS" else lab.pacs.storage
    model = WORKLIST if listener == "RIS" else STUDY_ROOT
    contexts = {1: VERIFICATION, 3: model} | ({5: SECONDARY_CAPTURE} if listener == "PACS" else {})
    yield associate_rq(address.ae_title, "FUZZ", contexts, EXPLICIT)
    for message in range(chance.choice((0, 1, 1, 2, 4))):
        what = chance.choice(("echo", "find", "store" if listener == "PACS" else "find"))
        if what == "echo":
            yield p_data(1, echo_rq(message))
        elif what == "store":
            study = f"1.2.826.0.1.{number % 50}"
            uid = f"{study}.1.{number}.{peer}.{message}"
            picture = image(uid, study=study, number=message, patient=f"F-{number % 50}", accession="F1", size=16)
            yield p_data(5, store_command(uid, message), picture)
        elif listener == "RIS":
            # Seldom the whole worklist, which grows from case to case.
            name = chance.choice(("", "x", "y*", "?", "nobody", "no*body"))
            identifier = keys(t00100010=name) + step_keys(t00080060=chance.choice(("", "MR")))
            yield p_data(3, find_rq(model, message), identifier)
        else:
            yield p_data(3, find_rq(model, message), keys(t00080052="STUDY", t00100020="", t0020000D=""))
    yield chance.choice((RELEASE_RQ, RELEASE_RQ, ABORT))


# The peer


def play(case: Case, lab: Lab) -> tuple[bytes, bool]:
    """Send the packets; what came back, and whether the peer has heard all of it."""
    system = lab.ris if case.listener == "RIS" else lab.pacs
    dicom = lab.ris.worklist if case.listener == "RIS" else lab.pacs.storage
    port = system.hl7.port if case.protocol == "HL7" else dicom.port
    received, heard_all = b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer, contextlib.suppress(ConnectionError):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for packet in case.packets:
            peer.sendall(packet)
            received += answers(peer) if case.waits else b""
        if case.end == "breaks":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(LINGER, 1, 0))
        if case.end == "ends":
            with contextlib.suppress(OSError):  # the other side has hung up already
                peer.shutdown(socket.SHUT_WR)
            while data := peer.recv(65536):
                received += data
            heard_all = True
    return received, heard_all


def answers(peer: socket.socket) -> bytes:
    """What comes until the other side has said what it has to say."""
    received = b""
    peer.settimeout(ANSWERED)
    with contextlib.suppress(TimeoutError):
        while not is_final(received) and (data := peer.recv(65536)):
            received += data
    peer.settimeout(PATIENCE)
    return received


def is_final(received: bytes) -> bool:
    """Whether after these bytes the peer is to speak: an answer that is not pending, or that ends the association."""
    *_, last = [b"", *pdus_in(received)]
    return bool(last) and (last[0] != 4 or response(last).get("status", 0xFF00) not in (0xFF00, 0xFF01))


# What came back


def positive(case: Case, received: bytes, heard_all: bool, lab: Lab) -> int:
    """How often a peer was told yes. Nothing but frames and PDUs came, and each yes is kept."""
    if case.protocol == "DICOM":
        whole = list(pdus_in(received))
        assert sum(map(len, whole)) == len(received) or not heard_all
        return sum(is_stored(pdu, lab) for pdu in whole)
    *frames, rest = received.split(FS + CR)
    assert all(frame[:1] == VT and frame.count(VT) == 1 and FS not in frame for frame in frames)
    assert rest == b"" or not heard_all
    return sum(is_kept(frame[1:], case, lab) for frame in frames)


def is_kept(frame: bytes, case: Case, lab: Lab) -> bool:
    """Whether an acknowledgment is a yes; the inbox, and what it speaks of, are then on record."""
    mark = frame[3:4]
    msa = next(line for line in frame.split(CR) if line[:3] == b"MSA").split(mark)
    if msa[1] not in (b"AA", b"CA"):
        assert msa[1] in (b"AE", b"AR", b"CE", b"CR")
        return False
    system = lab.ris if case.listener == "RIS" else lab.pacs
    database = lab.ris.order_book.database if system is lab.ris else lab.pacs.reports.database
    assert database.rows("SELECT 1 FROM inbox WHERE answer = ?", (frame,)), "the answer is not in the inbox"
    text = msa[3].decode("utf-8", "replace")
    for number in re.findall(r"scheduled, accession number (\w+)", text):
        assert lab.ris.order_book.steps(accession_number=number)
    for number in re.findall(r"exceptions queue as number (\d+)", text):
        assert database.rows("SELECT 1 FROM held_report WHERE number = ?", (int(number),))
    return True


def pdus_in(received: bytes) -> Iterator[bytes]:
    """The whole PDUs."""
    while len(received) >= 6:
        assert received[0] in (2, 3, 4, 6, 7), received[:20]
        length = 6 + struct.unpack_from(">L", received, 2)[0]
        assert length < 2**20
        if length > len(received):
            return
        yield received[:length]
        received = received[length:]


def is_stored(pdu: bytes, lab: Lab) -> bool:
    """Whether a PDU has a response with success; what it says is stored, is."""
    said = response(pdu)
    assert said.get("field", 0x8001) in (0x8001, 0x8020, 0x8030)
    if said.get("field") == 0x8001 and said["status"] == 0x0000:
        kept = lab.pacs.archive.instance(said["instance"])
        assert kept is not None
        assert kept.path.is_file()
    return said.get("status") == 0x0000


def response(pdu: bytes) -> dict[str, Any]:
    """What the command set in a PDU says, if it has one."""
    if pdu[0] != 4 or not pdu[11] & 1:
        return {}
    elements, rest = {}, pdu[12:]
    while rest:
        _, element, length = struct.unpack_from("<HHL", rest)
        elements[element] = rest[8 : 8 + length]
        rest = rest[8 + length :]
    field, status = struct.unpack("<HH", elements[0x0100] + elements[0x0900])
    return {"field": field, "status": status, "instance": elements.get(0x1000, b"").decode().rstrip("\0")}


# The department


@dataclass
class Department:
    """A running department, and what the process holds because of it while nobody is connected."""

    lab: Lab
    threads: int = 0
    descriptors: int = 0

    def settle(self) -> None:
        """What is held now is what there may be after any traffic."""
        self.threads, self.descriptors = self.held()

    def held(self) -> tuple[int, int]:
        """Threads, but for those that wait at an HL7 port for the next peer, and descriptors."""
        gc.collect()
        process = psutil.Process()
        descriptors = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
        return sum(not thread.name.startswith("mllp-") for thread in threading.enumerate()), descriptors

    def is_quiet(self) -> bool:
        """Whether nothing of the peers is left. A few threads wait at each HL7 port; a few descriptors come and go."""
        threads, descriptors = self.held()
        waiting = sum(thread.name.startswith("mllp-") for thread in threading.enumerate())
        return threads <= self.threads and waiting <= 3 * 5 and descriptors <= self.descriptors + 5


def memory() -> int:
    """Bytes that the process holds."""
    gc.collect()
    return psutil.Process().memory_info().rss


def within(seconds: float, condition) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def department(monkeypatch, caplog):
    """A running department, and no thread of it may end with an error or print."""
    caplog.set_level(logging.CRITICAL + 1, "pynetdicom")  # pytest keeps what is logged, and memory is measured here
    died: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: died.append(f"{args.thread}: {args.exc_value!r}"))
    monkeypatch.setattr(sys, "unraisablehook", lambda args: died.append(f"{args.object}: {args.exc_value!r}"))
    with Lab() as lab:
        yield Department(lab)
    assert died == []


def run(numbers: range, lab: Lab) -> Counter[str]:
    """Play cases, several at a time; how many were told yes, by listener."""
    told: Counter[str] = Counter()

    def one(number: int) -> None:
        case = case_of(number, lab)
        try:
            told[f"{case.listener} {case.protocol}"] += positive(case, *play(case, lab), lab)
        except Exception as error:
            raise AssertionError(f"case {number}, {case}") from error

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(one, numbers))
    return told


def test_whatever_bytes_come_to_the_listeners_of_a_department(department, capfd):
    lab = department.lab
    serve_honest_peers(lab)
    assert within(QUIET, lambda: not dicom_threads())
    department.settle()
    told = run(range(WARM_UP), lab)
    lab.trace.clear()
    before = memory()
    for begin in range(WARM_UP, CASES, 300):
        told += run(range(begin, min(begin + 300, CASES)), lab)
        assert lab.trace.rows(details=True), "and whoever looks at the trace sees it"
        lab.trace.clear()

    assert within(QUIET, department.is_quiet), (department, department.held(), threading.enumerate())
    assert memory() - before < GROWTH
    assert set(told) == {"RIS HL7", "RIS DICOM", "PACS HL7", "PACS DICOM"}
    assert all(told.values()), "the cases reach what is behind the listeners"
    serve_honest_peers(lab)
    assert lab.pacs.archive.verify(contents=True) == ()
    assert capfd.readouterr() == ("", "")


def dicom_threads() -> list[threading.Thread]:
    """Those of associations; each has two."""
    return [thread for thread in threading.enumerate() if isinstance(thread, Association | DULServiceProvider)]


def serve_honest_peers(lab: Lab) -> None:
    (placed,) = lab.emr.place(story.order())
    lab.modality.echo()
    (item,) = lab.modality.query(PlacerOrderNumberImagingServiceRequest=placed.placer_order_number)
    lab.modality.store(lab.modality.examine(item)[:2])
    (study,) = [one for one in lab.pacs.studies() if one.study_instance_uid == item.StudyInstanceUID]
    assert study.instances == 2
