"""Matches that lie ready leave together; the first, and whatever has to be made, leaves at once."""

from collections import Counter

import pytest
from dicom_peers import WORKLIST, client, everything, worklist_item

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.services import event_reactor
from hl7dicom_lab.services.association import TracedSocket
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace

_MATCHES = 50


@pytest.fixture
def packets(monkeypatch):
    """How many packets have carried P-DATA-TFs, and how many those were, by the first byte."""
    monkeypatch.setenv(event_reactor.VARIABLE, "")
    sent = Counter()
    send = TracedSocket._send_all

    def counted(self, data, flags):
        sent["packets"] += data[:1] == b"\x04"
        send(self, data, flags)

    monkeypatch.setattr(TracedSocket, "_send_all", counted)
    return sent


def ask(find):
    clock = ClassClock()
    with (
        WorklistScp(find, ae_title="RIS", trace=Trace(clock), system="RIS", clock=clock) as scp,
        client(scp, WORKLIST) as assoc,
    ):
        answers = list(assoc.send_c_find(everything(), WORKLIST))
    return [(status.Status, item and item.PatientID) for status, item in answers]


def test_all_ways_give_the_same_answers_and_what_lies_ready_needs_fewer_packets(packets):
    items = [worklist_item(number, PatientID=f"P{number}") for number in range(_MATCHES)]
    made = ask(lambda *_: ((0xFF00, item) for item in items))
    one_by_one = packets.pop("packets")
    ready = ask(lambda *_: ((0xFF00, lambda syntax, item=item: write_data_set(item, syntax)) for item in items))
    together = packets.pop("packets")
    assert made == ready == [*((0xFF00, f"P{number}") for number in range(_MATCHES)), (0x0000, None)]
    assert together < one_by_one / 2


def test_what_was_found_before_a_search_failed_is_sent():
    def find(*_):
        for number in range(3):
            yield 0xFF00, lambda syntax, number=number: write_data_set(worklist_item(number), syntax)
        raise RuntimeError("the disk is gone")

    assert [status for status, _ in ask(find)] == [0xFF00] * 3 + [0xC001]
