"""Between the frame and the acknowledgment: effect and memory are one, and the answer leaves after both."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from hl7_text import adt, order
from mllp_client import Answer, MllpClient

from hl7dicom_lab.clock import CLASS_START, ClassClock, Mint
from hl7dicom_lab.errors import Hl7Fault, SetupError
from hl7dicom_lab.hl7v2 import wire
from hl7dicom_lab.services.hl7_receiver import Hl7Receiver
from hl7dicom_lab.services.mllp_listener import MllpListener
from hl7dicom_lab.storage.database import Database
from hl7dicom_lab.storage.inbox import Inbox
from hl7dicom_lab.trace import Trace


class Ledger:
    """An inbox in memory that writes down what happens to it."""

    def __init__(self):
        self.story = []
        self.answers = {}
        self.full = False

    @contextmanager
    def transaction(self):
        self.story.append("begin")
        kept = dict(self.answers)
        try:
            yield
            if self.full:
                raise OSError("no space left on device")
        except BaseException:
            self.story.append("rollback")
            self.answers = kept
            raise
        self.story.append("commit")

    def recall(self, sender, control_id, body):
        self.story.append("recall")
        return self.answers.get((sender, control_id, body))

    def remember(self, sender, control_id, body, answer):
        self.story.append("remember")
        self.answers[sender, control_id, body] = answer


class Receiver:
    """A receiver with everything that it needs; `handle` is what the system does."""

    def __init__(self, handle=lambda _message: "done", mint=None):
        self.ledger = Ledger()
        self.clock = ClassClock()
        self.handle = handle
        self.trace = Trace(self.clock)
        self.conversation = self.trace.open("RIS", "HL7", "acceptor", wire.describe)
        self.receiver = Hl7Receiver(
            {"ORM^O01": self._handle, "ADT^A04": self._handle},
            self.ledger,
            application="RIS",
            facility="NORTHGATE",
            clock=self.clock,
            mint=mint or Mint(),
        )

    def _handle(self, message):
        self.ledger.story.append("effect")
        return self.handle(message)

    def ask(self, message):
        body = message if isinstance(message, bytes) else message.bytes()
        answer = self.receiver(body, self.conversation)
        return None if answer is None else Answer(answer)

    @property
    def remarks(self):
        return [remark for event in self.conversation.events for remark in event.remarks]


def test_the_effect_and_the_memory_of_it_are_committed_before_the_answer_leaves():
    desk = Receiver()
    message = order()
    answer = desk.ask(message)
    assert desk.ledger.story == ["begin", "recall", "effect", "remember", "commit"]
    assert (answer.code, answer.answers, answer.text) == ("AA", message.control_id, "done")
    assert list(desk.ledger.answers.values()) == [answer.raw]


def test_a_repetition_has_no_effect_and_gets_the_same_answer():
    desk = Receiver()
    message = order()
    first = desk.ask(message)
    desk.ledger.story.clear()
    assert desk.ask(message) == first
    assert desk.ledger.story == ["begin", "recall", "commit"]
    (remark,) = desk.remarks
    assert remark.severity == "information"


def test_answers_have_a_time_and_a_number_of_their_own():
    desk = Receiver()
    first, second = desk.ask(order()), desk.ask(adt())
    assert (first.field("MSH-10"), second.field("MSH-10")) == ("RIS000001", "RIS000002")
    assert (first.field("MSH-7"), second.field("MSH-7")) == ("20260302080001", "20260302080002")
    assert desk.clock.now() > CLASS_START


def test_where_no_number_can_be_kept_an_answer_has_the_one_of_its_message():
    def reserve(_kind, _count):
        raise OSError("no space left on device")

    desk = Receiver(mint=Mint(reserve=reserve))
    desk.ledger.full = True
    message = order()
    answer = desk.ask(message)
    assert (answer.code, answer.error, answer.answers) == ("AE", 207, message.control_id)
    assert answer.field("MSH-10") == message.control_id
    assert "no space left" in answer.text


@pytest.mark.parametrize(
    ("raised", "code", "error", "says"),
    [
        (Hl7Fault("no", code=204, where="ORC-2", next_step="look"), "AE", 204, "no"),
        (Hl7Fault("never", code=203, where="MSH-12", acknowledgment="AR"), "AR", 203, "never"),
        (SetupError("the disk is full"), "AE", 207, "the disk is full"),
        (ZeroDivisionError("division by zero"), "AE", 207, "ZeroDivisionError: division by zero"),
    ],
)
def test_whatever_a_handler_raises_becomes_a_no_and_keeps_nothing(raised, code, error, says):
    def handle(_message):
        raise raised

    desk = Receiver(handle)
    message = order()
    answer = desk.ask(message)
    assert (answer.code, answer.answers, answer.error) == (code, message.control_id, error)
    assert says in answer.text
    assert desk.ledger.story == ["begin", "recall", "effect", "rollback"]
    assert desk.ledger.answers == {}
    (remark,) = desk.remarks
    assert f"0357, {error} " in remark.rule
    desk.handle = lambda _message: "now it works"
    assert desk.ask(message).code == "AA"


def test_a_failing_commit_is_never_answered_with_yes():
    desk = Receiver()
    desk.ledger.full = True
    message = order()
    answer = desk.ask(message)
    assert (answer.code, answer.error) == ("AE", 207)
    assert "no space left" in answer.text
    assert desk.ledger.answers == {}
    desk.ledger.full = False
    assert desk.ask(message).code == "AA"


def test_what_cannot_be_read_opens_no_transaction():
    desk = Receiver()
    for body in (b"", b"noise", order().put("MSH-9", "ZZZ^Z01").bytes(), order().put("MSH-18", "KLINGON").bytes()):
        answer = desk.ask(body)
        assert answer is None or answer.code in ("AE", "AR")
    assert desk.ledger.story == []
    assert len(desk.remarks) == 4


def test_no_answer_is_kept_too():
    desk = Receiver()
    message = order().put("MSH-15", "NE")
    assert desk.ask(message) is None
    assert desk.ask(message) is None
    assert desk.ledger.story.count("effect") == 1


def test_the_same_message_on_many_connections_at_once_takes_effect_once(tmp_path):
    clock, effects = ClassClock(), []
    database = Database(tmp_path / "inbox.sqlite", "", durable=False)
    receiver = Hl7Receiver(
        {"ORM^O01": lambda message: effects.append(message.control_id) or "done"},
        Inbox(database),
        application="RIS",
        facility="NORTHGATE",
        clock=clock,
        mint=Mint(),
    )
    message, answers = order().bytes(), []
    begin = threading.Barrier(8)

    def send():
        with MllpClient(listener) as client:
            begin.wait(20)
            answers.append(client.ask(message).raw)

    with MllpListener(receiver, trace=Trace(clock), system="RIS") as listener:
        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    database.close()
    assert len(effects) == 1
    assert len(answers) == 8
    assert len(set(answers)) == 1
