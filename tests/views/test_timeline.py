"""The timeline's text, HTML and drawing: each arrow once, in the order of time, with what went wrong."""

from __future__ import annotations

import re
import socket
import xml.etree.ElementTree as ET

import pytest
from pynetdicom import AE

from hl7dicom_lab import story
from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom.sop_classes import MODALITY_WORKLIST_FIND
from hl7dicom_lab.hl7v2 import wire
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.trace import Decoded, Remark, Trace
from hl7dicom_lab.views.timeline.view import Timeline

_SVG = "{http://www.w3.org/2000/svg}"
_MR = "1.2.840.10008.5.1.4.1.1.4"


def examination(lab):
    lab.emr.place(story.order())
    (item,) = lab.modality.query()
    lab.modality.store(lab.modality.examine(item))


def programs_of_a_learner(lab):
    """HTTP on the HL7 port, an unknown title, an abort and at once the next association."""
    with socket.create_connection((lab.ris.hl7.host, lab.ris.hl7.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        plain.recv(100)
    program = AE("MYPROG")
    for syntax in (MODALITY_WORKLIST_FIND, _MR):
        program.add_requested_context(syntax)
    for title, end in (("WRONG", None), (lab.ris.worklist.ae_title, "abort"), (lab.ris.worklist.ae_title, "release")):
        assoc = program.associate(lab.ris.worklist.host, lab.ris.worklist.port, ae_title=title)
        if end:
            getattr(assoc, end)()


def message(kind, control_id, sender="EMR"):
    return f"\x0bMSH|^~\\&|{sender}|N|RIS|N|2026||{kind}|{control_id}|P|2.3.1\rPID|||1\r\x1c\r".encode()


def answer(code, control_id):
    return f"\x0bMSH|^~\\&|RIS|N|EMR|N|2026||ACK|R{control_id}|P|2.3.1\rMSA|{code}|{control_id}\r\x1c\r".encode()


def plain(trace, system="RIS", peer="EMR", role="acceptor"):
    return trace.open(system, "HL7", role, wire.describe, peer=peer)


def drawn(timeline):
    """The lines of the text that show an arrow or a note, without number and time."""
    return [
        line[line.index(":") + 6 :].strip().split("  ")[0]
        for line in timeline.text().splitlines()
        if re.match(r"\d+(-\d+)? +\d\d:\d\d:\d\d", line)
    ]


def test_an_examination_from_the_order_to_the_archive():
    with Lab() as lab:
        examination(lab)
        timeline = lab.timeline()
        assert drawn(timeline) == [
            "EMR ──ORM^O01──▶ RIS",
            "RIS ╌╌ACK AA╌╌▶ EMR",
            "MR1 ══A-ASSOCIATE-RQ══▶ RIS",
            "RIS ┅┅A-ASSOCIATE-AC┅┅▶ MR1",
            "MR1 ══C-FIND-RQ══▶ RIS",
            "RIS ┅┅C-FIND-RSP 0xFF00┅┅▶ MR1",
            "RIS ┅┅C-FIND-RSP 0x0000┅┅▶ MR1",
            "MR1 ══A-RELEASE-RQ══▶ RIS",
            "RIS ┅┅A-RELEASE-RP┅┅▶ MR1",
            "MR1 ══A-ASSOCIATE-RQ══▶ PACS",
            "PACS ┅┅A-ASSOCIATE-AC┅┅▶ MR1",
            "MR1 ══C-STORE-RQ × 24══▶ PACS",
            "MR1 ══A-RELEASE-RQ══▶ PACS",
            "PACS ┅┅A-RELEASE-RP┅┅▶ MR1",
        ]
        assert repr(timeline) == "<Timeline: 4 systems, 61 arrows, 0 problems>"
        assert all(len(line) <= 115 for line in timeline.text().splitlines())
        assert "context 1, MR Image Storage: accepted, Explicit VR Little Endian" in timeline.text()


def test_what_went_wrong_has_symbol_word_rule_and_repair_in_every_form():
    with Lab() as lab:
        programs_of_a_learner(lab)
        timeline = lab.timeline(problems=True)
        forms = (timeline.text(), timeline.html())
        for said in (
            "✖",
            "error",
            "called AE title not recognized",
            "this port speaks MLLP, you spoke HTTP",
            "A-ABORT",
        ):
            assert all(said in form for form in forms), said
        joined = re.sub(r"\s+", " ", timeline.text())
        assert "Repair: call NORTHGATE_RIS, or another port" in joined
        assert "abstract syntax not supported. Repair: ask a system that offers this service." in joined
        assert [line.partition(" ")[0] for line in drawn(timeline)] == ["✖", "RIS", "RIS", "MYPROG", "RIS"]
        assert joined.count("this port speaks MLLP, you spoke HTTP") == 1, "said once"


def test_the_same_traffic_gives_the_same_text_and_html():
    """Also where a program aborts and asks for the next association at once."""
    seen = set()
    for _ in range(4):
        with Lab() as lab:
            examination(lab)
            programs_of_a_learner(lab)
            lab.emr.place(story.order())
            seen.add((lab.timeline().text(), lab.timeline().html(), lab.timeline().svg()))
    assert len(seen) == 1


def test_arrows_stand_in_the_order_of_time_across_connections():
    trace = Trace(ClassClock())
    emr, other = plain(trace), plain(trace, peer="OTHER")
    emr.received(message("ORM^O01", "1"))
    other.received(message("ADT^A04", "2"))
    emr.sent(answer("AA", "1"))
    assert drawn(Timeline(trace)) == ["EMR ──ORM^O01──▶ RIS", "OTHER ──ADT^A04──▶ RIS", "RIS ╌╌ACK AA╌╌▶ EMR"]


@pytest.mark.parametrize("answered", [False, True])
def test_an_ending_stands_before_a_connection_that_was_only_asked_for_when_it_was_noticed(answered):
    trace = Trace(ClassClock())
    first, second = plain(trace, peer="ONE"), plain(trace, peer="TWO")
    first.received(message("ORM^O01", "1"))
    first.sent(answer("AA", "1"))
    second.received(message("ORM^O01", "2"))
    if answered:
        second.sent(answer("AA", "2"))
    first.note("half a message")
    kinds = [line.split("──")[0][:6].strip() for line in drawn(Timeline(trace))]
    end = "✖ at R"
    assert kinds == (["ONE", "RIS ╌╌", "TWO", "RIS ╌╌", end] if answered else ["ONE", "RIS ╌╌", end, "TWO"])


def test_one_connection_of_two_systems_is_there_once_and_a_stranger_has_his_own_column():
    trace = Trace(ClassClock())
    asking = plain(trace, system="EMR", peer="RIS", role="requestor")
    answering = plain(trace)
    asking.ports, answering.ports = (5001, 2575), (2575, 5001)
    asking.sent(message("ORM^O01", "1"))
    answering.received(message("ORM^O01", "1"))
    plain(trace, peer="").received(message("ADT^A04", "2"))
    alone = plain(trace, system="EMR", peer="MIRTH", role="requestor")
    alone.ports = (5002, 6661)
    alone.sent(message("ORM^O01", "3"))
    timeline = Timeline(trace)
    assert drawn(timeline) == ["EMR ──ORM^O01──▶ RIS", "(unknown) ──ADT^A04──▶ RIS", "EMR ──ORM^O01──▶ MIRTH"]
    assert timeline.text().startswith("Systems: EMR, RIS (AE title NORTHGATE_RIS), MIRTH, (unknown)\n")


def many(trace, number, refused=()):
    talk = plain(trace)
    for place in range(number):
        talk.received(message("ORM^O01", str(place)))
        talk.sent(answer("AE" if place in refused else "AA", str(place)))


def test_alike_exchanges_are_folded_and_a_refusal_stands_alone():
    trace = Trace(ClassClock())
    many(trace, 14, refused=(7,))
    assert drawn(Timeline(trace)) == [
        "EMR ──ORM^O01 × 7──▶ RIS",
        "EMR ──ORM^O01──▶ RIS",
        "RIS ╌╌ACK AE╌╌▶ EMR ✖",
        "EMR ──ORM^O01 × 6──▶ RIS",
    ]
    assert "7 requests, each answered with ACK AA" in Timeline(trace).html()
    assert '<li value="3">EMR to RIS, HL7 ORM^O01' in Timeline(trace).html()


def test_filters():
    with Lab() as lab:
        examination(lab)
        assert {line.split(" ")[0] for line in drawn(lab.timeline(system="EMR"))} == {"EMR", "RIS"}
        assert drawn(lab.timeline(system="NORTHGATE_PACS")) == drawn(lab.timeline(system="pacs"))
        assert len(drawn(lab.timeline(protocol="HL7"))) == 2
        assert drawn(lab.timeline(last=2)) == drawn(lab.timeline())[-2:]
        assert "(59 older arrows are left out)" in lab.timeline(last=2).text()
        assert "Nothing of what went over the wire is chosen here." in lab.timeline(problems=True).html()
        lab.trace.clear()
        assert lab.timeline().text() == "Nothing went over the wire yet."
        lab.emr.place(story.order())
        assert drawn(lab.timeline()) == ["EMR ──ORM^O01──▶ RIS", "RIS ╌╌ACK AA╌╌▶ EMR"]


HOSTILE = ("<script>alert(1)</script>", "\x1b[31m", "\u202egnp", "X" * 300, "山田^太郎", "أحمد", "", "]]>&amp;\"'")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_the_wire_is_data(text, tmp_path):
    trace = Trace(ClassClock())

    def decoder(events):
        return [Decoded(event, text, text, event.raw, data=text) for event in events]

    talk = trace.open(text, "HL7", "acceptor", decoder, peer=text)
    talk.received(b"x", Remark(text, text, text))
    talk.note(text, rule=text, repair=text)
    trace.open("RIS", "HL7", "acceptor", decoder, peer="EMR").sent(b"y")
    timeline = Timeline(trace)
    for form in (timeline.text(), timeline.html(), timeline.svg()):
        assert "\x1b" not in form
        assert "\u202e" not in form
    assert "<script" not in timeline.html() + timeline.svg()
    target = timeline.save(tmp_path / "x.svg")
    assert ET.fromstring(target.read_bytes()).tag == f"{_SVG}svg"


def test_the_picture_stands_by_itself_and_says_all_arrows_in_words():
    with Lab() as lab:
        examination(lab)
        root = ET.fromstring(lab.timeline().svg().encode())
        assert root.find(f"{_SVG}title").text == "Sequence diagram of what went over the wire"
        assert "EMR to RIS, HL7 ORM^O01" in root.find(f"{_SVG}desc").text
        assert len(root.findall(f"{_SVG}g")) == 14
        assert "127.0.0.1" not in lab.timeline().svg() + lab.timeline().html()
        assert str(lab.ris.worklist.port) not in lab.timeline().text()


def test_many_systems_share_the_last_column():
    trace = Trace(ClassClock())
    for place in range(40):
        plain(trace, peer=f"S{place}").received(message("ADT^A04", str(place)))
    svg = Timeline(trace).svg()
    assert "(others)" in svg
    assert int(re.search(r'width="(\d+)"', svg)[1]) < 3000
