"""Values, segments and headers as a sender builds them: escaped once, in their places, in the declared characters."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.errors import CannotBuild, CannotEncode
from hl7dicom_lab.hl7v2 import build
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.model import CodedEntry, Identifier, Person, PersonName

ENVELOPE = Envelope("EMR", "NORTHGATE", "RIS", "NORTHGATE", datetime(2026, 3, 2, 8, 0, 1), "EMR1")


def test_data_types():
    assert build.ts(datetime(2026, 3, 2, 8, 0, 1)) == "20260302080001"
    assert build.ts(None) == ""
    assert build.cx(Identifier("NG-1", "NORTHGATE")) == "NG-1^^^NORTHGATE^MR"
    assert build.cx(Identifier("NG-1", type_code="")) == "NG-1"
    assert build.cx(Identifier("")) == ""
    assert build.ce(CodedEntry("70551", "MRI brain", "C4")) == "70551^MRI brain^C4"
    assert build.ce(None) == ""
    assert build.xpn(PersonName("Rivera", "Elena", "Maria", "Ms", "PhD")) == "Rivera^Elena^Maria^PhD^Ms"
    assert build.xpn(PersonName("Rivera")) == "Rivera"
    assert build.xcn(Person("D1", PersonName("Okafor", "Ngozi", prefix="Dr"))) == "D1^Okafor^Ngozi^^^Dr"
    assert build.xcn(None) == ""


def test_the_writings_of_a_name_are_repetitions():
    name = PersonName("Yamada", "Tarou", ideographic="山田^太郎", phonetic="やまだ^たろう")
    assert build.xpn(name) == "Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P"


def test_every_value_is_escaped_once():
    assert build.cx(Identifier("A^1", "N&G")) == r"A\S\1^^^N\T\G^MR"
    assert build.ce(CodedEntry("a|b", "c~d", "e\\f")) == r"a\F\b^c\R\d^e\E\f"
    assert build.xpn(PersonName("O'Neil & Sons", "^")) == r"O'Neil \T\ Sons^\S\ ".rstrip()


def test_a_segment_has_its_fields_at_their_numbers():
    assert build.segment("OBR", {4: "d", 2: "b", 7: ""}) == "OBR||b||d"
    assert build.segment("PV1", {}) == "PV1"


def test_a_message_begins_with_its_envelope():
    body = build.message(ENVELOPE, "ORM^O01", "PID|1", "", "PV1|1")
    assert body == (
        b"MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080001||ORM^O01|EMR1|P|2.3.1||||||UNICODE UTF-8\rPID|1\rPV1|1\r"
    )
    read = Message.parse(build.message(replace(ENVELOPE, version="2.5.1", processing_id="T"), "OMI^O23^OMI_O23"))
    assert (read.type, read.event, read.version, read.get("MSH-11")) == ("OMI", "O23", "2.5.1", "T")


def test_the_names_in_the_envelope_are_escaped():
    read = Message.parse(build.message(replace(ENVELOPE, sending_application="E|M^R", control_id="1&2"), "ADT^A04"))
    assert (read.get("MSH-3"), read.control_id) == ("E|M^R", "1&2")


def test_a_message_without_control_id_is_not_built():
    with pytest.raises(CannotBuild, match="MSH-10"):
        build.message(replace(ENVELOPE, control_id=""), "ADT^A04")


def test_text_outside_the_declared_character_set_is_not_sent():
    with pytest.raises(CannotEncode, match="山"):
        build.message(replace(ENVELOPE, character_set="8859/1"), "ADT^A04", "PID|1||||山田")
    body = build.message(replace(ENVELOPE, character_set="ISO IR87"), "ADT^A04", "PID|1||||山田")
    assert Message.parse(body).get("PID-5") == "山田"


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12).filter(lambda text: text != '""')


@given(st.lists(texts, min_size=5, max_size=5))
def test_whatever_a_name_holds_comes_back_in_its_places(parts):
    family, given_name, middle, prefix, suffix = parts
    body = build.message(ENVELOPE, "ADT^A04", build.segment("PID", {5: build.xpn(PersonName(*parts))}))
    read = Message.parse(body)
    assert len(read.segments) == 2 if any(parts) else 1
    assert [read.get(f"PID-5.{number}") for number in range(1, 6)] == [family, given_name, middle, suffix, prefix]
    assert b"\x0b" not in body
    assert b"\x1c" not in body
