"""What comes over the wire is data: no table that shows it does what it says."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hl7_text import order
from hypothesis import given
from hypothesis import strategies as st
from mllp_client import MllpClient

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.trace import Decoded, Remark, Trace
from hl7dicom_lab.trace_table import TraceTable, dump
from hl7dicom_lab.visible import visible

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><b>&amp;&lt;",
    "\x1b[31mred\x1b]0;title\x07",
    "\x9b31m",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f \u061c",
    "one\r\ntwo\x0b\x1c\x85\u2028three",
    "zero\u200bwidth\ufeff\u2060",
    "\x00\x7f",
)

REORDERING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def table(text, *, raw=False, data=""):
    """A table of one row that says `text` wherever a table says anything."""
    trace = Trace(ClassClock())

    def decoder(events):
        return [Decoded(event, text, text, event.raw, data=data) for event in events]

    talk = trace.open(text, "HL7", "acceptor", decoder, peer=text)
    talk.received(text.encode("utf-8", "surrogatepass"), Remark(text, text, text, "warning"))
    return trace.show(raw=raw)


class Tags(HTMLParser):
    """The tags and the text of a piece of HTML."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, sorted(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text += data


HARMLESS = Tags(table("harmless", raw=True, data="x")._repr_html_()).tags


@pytest.mark.parametrize("text", HOSTILE)
def test_html_shows_it_and_nothing_more(text):
    shown = Tags(table(text, raw=True, data=text)._repr_html_())
    assert {tag for tag, _ in shown.tags} == {tag for tag, _ in HARMLESS}
    assert len(shown.tags) == len(HARMLESS)
    for _, attributes in shown.tags:
        assert not any(name.startswith("on") for name in attributes)
    assert visible(text) in shown.text


@pytest.mark.parametrize("text", HOSTILE)
def test_text_shows_it_on_one_line_without_control_characters(text):
    lines = str(table(text)).split("\n")
    assert len(lines) == 4, "heading, rule, message, remark"
    for line in lines:
        assert not [one for one in line if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")]
    assert visible(text).strip() in lines[2]
    assert f"! {visible(text)}" in lines[3]


@given(st.text(max_size=30))
def test_any_text_is_shown_without_control_characters(text):
    shown = visible(text)
    assert len(shown) == len(text)
    assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Zl", "Zp")]
    assert not [one for one in shown if unicodedata.bidirectional(one) in REORDERING]
    Tags(table(text, raw=True, data=text)._repr_html_())


def test_control_characters_of_the_protocol_have_symbols():
    assert visible("\x0bMSH\r\x1c\x1b") == "␋MSH␍␜␛"
    assert visible("Ñandú 山田 יוסף") == "Ñandú 山田 יוסף"


def test_a_patient_called_script_over_the_wire():
    with Lab() as lab, MllpClient(lab.ris.hl7) as client:
        message = order().put("PID-5", "<script>alert(1)</script>^\x1b[31m\u202e")
        client.ask(message.bytes())
        shown = lab.trace.show(raw=True)
        assert "<script" not in shown._repr_html_()
        assert "&lt;script&gt;" in shown._repr_html_()
        for form in (str(shown), shown._repr_html_()):
            assert "\x1b" not in form
            assert "\u202e" not in form


# ---- the tables


def test_the_text_table():
    clock = ClassClock()
    trace = Trace(clock)

    def decoder(events):
        return [Decoded(event, "ORM^O01", "E1: Rivera") for event in events]

    talk = trace.open("RIS", "HL7", "acceptor", decoder)
    talk.peer = "EMR"
    talk.received(b"x", Remark("odd", "a rule", "a repair", "warning"), Remark("fine", severity="information"))
    clock.tick(61)
    talk.sent(b"y", Remark("wrong"))
    assert str(trace.show()) == (
        "#  time      from  to   message  what it says\n"
        "-  --------  ----  ---  -------\n"
        "1  08:00:00  EMR   RIS  ORM^O01  E1: Rivera\n"
        "    ! odd Rule: a rule Repair: a repair\n"
        "    i fine\n"
        "1  08:01:01  RIS   EMR  ORM^O01  E1: Rivera\n"
        "    !! wrong"
    )
    assert repr(trace.show()) == str(trace.show())
    assert len(trace.show()) == 2


def test_an_empty_table_says_so():
    empty = TraceTable(())
    assert "(nothing went over the wire yet)" in str(empty)
    assert "Nothing went over the wire yet." in empty._repr_html_()
    assert "3 older conversations" in str(TraceTable((), forgotten=3))
    assert "3 older conversations" in TraceTable((), forgotten=3)._repr_html_()


def test_the_html_table_has_headings_and_a_caption():
    shown = table("x")._repr_html_()
    assert "<caption>" in shown
    assert len(re.findall(r'<th scope="col"', shown)) == 6


def test_raw_adds_the_bytes():
    assert "00000000  41 42" in str(table("AB", raw=True))
    assert "00000000" not in str(table("AB"))
    assert "<summary>bytes</summary>" in table("AB", raw=True)._repr_html_()


def test_a_dump():
    assert dump(b"") == ""
    assert dump(b"\x0bMSH|^~\\&|A\x1c\r") == "00000000  0b 4d 53 48 7c 5e 7e 5c 26 7c 41 1c 0d           .MSH|^~\\&|A.."
    lines = dump(bytes(range(256)), 32).split("\n")
    assert [line[:8] for line in lines] == ["00000000", "00000010", "... 224 "]
    assert lines[-1] == "... 224 more bytes"


def test_the_same_trace_gives_the_same_table():
    one, other = (table("Rivera", raw=True, data="a\nb") for _ in range(2))
    assert str(one) == str(other)
    assert one._repr_html_() == other._repr_html_()


def test_a_fault_says_its_sentence_once():
    trace = Trace(ClassClock())

    def decoder(events):
        return [Decoded(event, "fault", event.remarks[0].what) for event in events]

    trace.open("RIS", "HL7", "acceptor", decoder).note("half a message", rule="a rule", repair="a repair")
    assert trace.show()._repr_html_().count("half a message") == 1
    assert "<strong>!! half a message Rule: a rule Repair: a repair</strong>" in trace.show()._repr_html_()
    assert str(trace.show()).count("half a message") == 2, "the text is as it was"
