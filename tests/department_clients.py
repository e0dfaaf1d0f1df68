"""Systems around a served department that talk until their connection breaks, and remember what was answered.

Each is a thread with one connection: an EMR that orders, scanners that store, a dictation system that reports. What a
client has `sent` holds every request, also the one that was under way when the connection broke.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

from dicom_bytes import SECONDARY_CAPTURE
from hl7_text import Hl7Text, group, order, report
from mllp_client import Answer, MllpClient
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from raw_dicom import RawAssociation, image, store_command
from served_department import PATIENCE, Department

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.errors import DeliveryError
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.trace import Trace

_reports = itertools.count(1)
_patients = itertools.count(1)


@dataclass
class Message:
    """An HL7 message, the keys by which its effect is found, and its answer."""

    text: Hl7Text
    keys: tuple[str, ...]  # the placer numbers of orders, the text of a report
    answer: Answer | None = None

    @property
    def answered(self) -> bool:
        return self.answer is not None


@dataclass
class Image:
    """An instance as it was sent, and whether it was answered with success."""

    uid: str
    data_set: bytes
    answered: bool = False


@dataclass(frozen=True)
class Visit:
    """What distinguishes the traffic of one round: the day of its orders, its study and who is on it."""

    number: int

    @property
    def day(self) -> str:
        return f"{date(2026, 3, 2) + timedelta(days=self.number):%Y%m%d}"

    @property
    def study(self) -> str:
        return f"1.2.826.0.1.{self.number}"

    @property
    def accession(self) -> str:
        return f"C{self.number:05d}"

    @property
    def unknown_accession(self) -> str:
        """For reports on a study that nobody has."""
        return f"X{self.number:05d}"

    @property
    def patient(self) -> str:
        return f"CR-{self.number}"


class Client(threading.Thread):
    """Connects, waits for the others, then sends one request after another until the connection breaks."""

    def __init__(self, begin: threading.Barrier) -> None:
        super().__init__(daemon=True)
        self._begin = begin
        self.sent: list[Message | Image] = []
        self.ended_with: Exception | None = None

    def run(self) -> None:
        try:
            self.talk()
        except Exception as error:  # it is for the test to say whether this was expected
            self.ended_with = error
            self._begin.abort()

    def talk(self) -> None:
        raise NotImplementedError

    def check_alive(self) -> None:
        """Raise what ended its work, if anything has."""
        if self.ended_with is not None:
            raise self.ended_with

    def check_cut_off(self) -> None:
        """Raise where its work ended otherwise than with its connection."""
        self.join(PATIENCE)
        assert not self.is_alive()
        if not isinstance(self.ended_with, (OSError, EOFError, DeliveryError, type(None))):
            raise self.ended_with


class Sending(Client):
    """Sends HL7 messages to one system of the department."""

    def __init__(
        self, begin: threading.Barrier, department: Department, system: str, make: Callable[[], Message]
    ) -> None:
        super().__init__(begin)
        self.system = system
        self._address = department.hl7(system)
        self._make = make

    def talk(self) -> None:
        with MllpClient(self._address) as client:
            self._begin.wait(PATIENCE)
            while True:
                self.sent.append(message := self._make())
                answer = client.ask(message.text.bytes())
                assert (answer.code, answer.answers) == ("AA", message.text.control_id), answer.raw
                message.answer = answer


def new_order(visit: Visit) -> Message:
    """An order on the visit's day; every third message has two orders, for both or for none."""
    number = next(_patients)
    text = order().put("PID-3", f"OR-{number}^^^NORTHGATE^MR")
    if number % 3 == 0:
        text.add(group())
    placers = []
    for place in (1, 2) if number % 3 == 0 else (1,):
        timing = f"^^^{visit.day}093000^^R"
        text.put(f"ORC[{place}]-7", timing).put(f"OBR[{place}]-27", timing)
        placers.append(text.get(f"ORC[{place}]-2"))
    return Message(text, tuple(placers))


def new_report(system: str, visit: Visit) -> Message:
    """A report on the visit's study, and every third one on a study that nobody has."""
    number = next(_reports)
    told = f"Report {number} for {system}"
    text = report(system).put("PID-3", f"{visit.patient}^^^NORTHGATE^MR").put("OBX-5", told)
    return Message(text.put("OBR-18", visit.accession if number % 3 else visit.unknown_accession), (told,))


class Storing(Client):
    """Stores images as raw PDUs, one after another on one association."""

    def __init__(self, begin: threading.Barrier, department: Department, visit: Visit, series: int) -> None:
        super().__init__(begin)
        self._address = department.dicom("pacs", "storage")
        self._new = images(visit, series)

    def talk(self) -> None:
        with RawAssociation(self._address, {1: SECONDARY_CAPTURE}) as scanner:
            self._begin.wait(PATIENCE)
            while True:
                self.sent.append(one := next(self._new))
                answer = scanner.ask(1, store_command(one.uid), one.data_set)[-1]
                assert answer.status == 0, f"0x{answer.status:04X} {answer.comment}"
                one.answered = True


class StoringWithALibrary(Storing):
    """Stores images with the package's own Scu, three on each association."""

    def talk(self) -> None:
        clock = ClassClock()
        scu = Scu("SCANNER2", trace=Trace(clock), system="SCANNER2", clock=clock)
        self._begin.wait(PATIENCE)
        while True:
            batch = list(itertools.islice(self._new, 3))
            self.sent += batch
            for one, result in zip(batch, scu.store(self._address, map(data_set_of, batch)), strict=True):
                one.answered = result.stored
            if not batch[-1].answered:
                return


def data_set_of(one: Image) -> Dataset:
    """The instance as pydicom has it."""
    return read_dataset(BytesIO(one.data_set), is_implicit_VR=False, is_little_endian=True)


def images(visit: Visit, series: int) -> Iterator[Image]:
    """Images of one series; sizes from 1 KB to 256 KB."""
    for number in itertools.count(1):
        uid = f"{visit.study}.{series}.{number}"
        size = 32 << (number % 5)
        yield Image(
            uid,
            image(uid, study=visit.study, number=number, patient=visit.patient, accession=visit.accession, size=size),
        )
