"""Messages taken apart: names, values, bytes, and what is odd, for whole messages and for broken ones."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hl7_text import Hl7Text, order
from hypothesis import given, settings
from hypothesis import strategies as st

from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.views.explorer.tree import Line
from hl7dicom_lab.views.look import look
from hl7dicom_lab.views.message.explorer import MessageExplorer

_SAMPLES = sorted((Path(__file__).resolve().parent.parent.parent / "data" / "messages").glob("*.hl7"))
_SAMPLES = [path for path in _SAMPLES if path.stem != "24_no_header"]


def _lines(message: bytes | Hl7Text) -> dict[str, Line]:
    raw = message if isinstance(message, bytes) else message.bytes()
    return {line.label: line for line in MessageExplorer.of(raw).tree.lines}


def _remarks(raw: bytes) -> str:
    return "\n".join(MessageExplorer.of(raw).tree.remarks)


def test_names_and_values_stand_at_the_paths_that_a_message_is_read_by() -> None:
    message = order().put("PID-3", "1^^^A~2^^^B&1.2&ISO^MR").add("OBX|1|NM|w||64", "OBX|2|NM|h||1.68")
    read = Message.parse(message.bytes())
    leaves = [
        line
        for line in MessageExplorer.of(message.bytes()).tree.lines
        if line.depth and line.value and "repetitions" not in line.value
    ]
    assert {"PID-3[2].4.2", "OBX[2]-5", "MSH-9.2"} <= {line.label for line in leaves}
    for line in leaves:
        if line.label not in ("MSH-1", "MSH-2"):
            assert line.value == read.get(line.label), line.label


def test_a_line_s_bytes_are_those_that_it_was_read_from() -> None:
    raw = b"\x0b" + order().put("PID-5", "Müller^Ä").bytes() + b"\x1c\r"
    found = _lines(raw)
    for path, text in (("PID-5.1", "Müller"), ("PID-5", "Müller^Ä"), ("MSH-1", "|"), ("MSH-2", "^~\\&")):
        start, end = found[path].span or (0, 0)
        assert raw[start:end].decode() == text


def test_the_version_gives_the_names() -> None:
    assert _lines(order())["PID-8"].name == "Sex"
    assert _lines(order().put("MSH-12", "2.5.1"))["PID-8"].name == "Administrative Sex"
    other = order().put("MSH-12", "2.4").bytes()
    assert "no table here for version 2.4: names and data types are those of version 2.5.1" in _remarks(other)
    assert "does not name" in _remarks(order().put("MSH-12", "").bytes())


def test_what_ihe_uses_a_field_for_is_said_where_its_name_does_not() -> None:
    found = _lines(order().put("OBR-18", "A1").put("OBR-19", "R1").put("OBR-20", "S1").put("ZDS-1", "1.2^A^B^DICOM"))
    assert found["OBR-18"].name == "Placer Field 1"
    assert found["OBR-18"].note == (
        "DICOM worklist: AccessionNumber. IHE Scheduled Workflow puts the Accession Number here"
    )
    assert "Requested Procedure ID" in found["OBR-19"].note
    assert "Scheduled Procedure Step ID" in found["OBR-20"].note
    assert "PatientID" in found["PID-3"].note
    assert "PatientSex" in found["PID-8"].note
    assert found["ZDS-1"].name == "Study Instance UID"
    assert "StudyInstanceUID" in found["ZDS-1.1"].note
    assert "IHE" not in _lines(Hl7Text("MSH|^~\\&|||||||ADT^A04", "OBR||||||||||||||||||A"))["OBR-18"].note


def test_null_escapes_and_fields_that_no_table_has() -> None:
    found = _lines(order().put("PID-7", '""').put("PID-5", "O\\T\\Neil").put("PID-40", "x").add("ZZ1|a", "QQQ|b"))
    assert found["PID-7"].value == '""' or "null" in found["PID-7"].note
    assert "null" in found["PID-7"].note
    assert found["PID-5"].value == "O&Neil"
    assert "escape" in found["PID-5"].note
    assert found["PID-40"].name == "beyond the table, which ends at PID-30"
    assert found["ZZ1-1"].name == "not in any table"
    assert "no part of HL7" in found["ZZ1"].note
    assert found["QQQ"].name == "unknown segment"
    assert "named as in version 2.5.1" in _lines(order().add("IPC|A1"))["IPC"].note
    assert _lines(order().add("IPC|A1"))["IPC-1"].name == "Accession Identifier"


def test_empty_fields_are_there_for_who_asks_and_nowhere_else() -> None:
    view = MessageExplorer.of(order().bytes())
    assert _lines(order())["PID-2"].empty
    assert "PID-2 " not in view.text()
    assert ">PID-2<" not in view.html()


def test_the_value_of_an_observation_has_the_type_that_obx_2_says() -> None:
    found = _lines(order().add("OBX|1|CE|a||x^y^z", "OBX|2"))
    assert found["OBX-5"].facts == ("CE",)
    assert found["OBX-5.3"].name == "Name of Coding System"


@pytest.mark.parametrize("codec", ["iso2022_jp", "gb18030"])
def test_half_of_a_character_is_no_separator(codec: str) -> None:
    declared = {"iso2022_jp": "~ISO IR87", "gb18030": "GB 18030-2000"}[codec]
    # In both sets these are written with the bytes of ^, | or ~.
    text = {"iso2022_jp": "麺店", "gb18030": "俓俔儈"}[codec]
    found = _lines(order().put("MSH-18", declared).put("PID-5", f"{text}^{text}").bytes(codec))
    assert (found["PID-5.1"].value, found["PID-5.2"].value) == (text, text)
    assert found["PID-8"].value == "F"


def test_what_is_odd_about_a_message_is_said_in_words() -> None:
    whole = order().bytes()
    assert _remarks(whole) == ""
    assert _remarks(b"\x0b" + whole + b"\x1c\r") == ""
    assert "no CR after FS" in _remarks(b"\x0b" + whole + b"\x1c").replace("No CR", "no CR")
    assert "FS did not come" in _remarks(b"\x0b" + whole)
    assert "end with LF" in _remarks(whole.replace(b"\r", b"\n"))
    assert "not in the declared character set" in _remarks(order().put("PID-5", "Müller").bytes("latin-1"))
    assert "no character set that this system reads" in _remarks(order().put("MSH-18", "EBCDIC").bytes())
    assert "encoding characters" in _remarks(b"MSH|EMR|RIS\rPID|1")
    assert "no segment name" in _remarks(order().add("and a second line").bytes())
    assert "the header is shifted" in _remarks(whole.replace(b"|P|2.3.1", b"P|2.3.1").replace(b"||ORM", b"|ORM"))
    assert "batch" in _remarks(b"BHS|^~\\&|A\r" + whole)
    broken = _lines(order().put("PID-5", "Müller").bytes("latin-1"))["PID-5"]
    assert broken.value == "M\\xfcller"
    assert "no character of the declared set" in broken.note


@pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: path.stem)
def test_every_sample_message_is_shown(path: Path) -> None:
    view = look(path)
    assert isinstance(view, MessageExplorer)
    assert "segment" in repr(view)
    assert view.text() == look(path).text()


def _all_forms(raw: bytes) -> None:
    view = MessageExplorer.of(raw)
    assert view.text()
    assert view.html()
    json.dumps(dict(view.state()))
    for line in view.tree.lines:
        if line.span:
            assert 0 <= line.span[0] <= line.span[1] <= len(raw)
    rows = view.state()["sides"][0]["bytes"].get("rows", [])
    assert sum(size for _, pieces in rows for *_, size in pieces) == len(raw)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"MSH", b"\x0bMSH", b"MSH|^~\\&|", b"msh|", b"BHS|^~\\&|"]))
def test_nothing_that_begins_with_a_header_cannot_be_shown(rest: bytes, begin: bytes) -> None:
    _all_forms(begin + rest)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='|^~\\&\r\n\x0b\x1c"AZ019PIDOBX.é日\x1b$B', max_size=200))
def test_nor_a_message_made_of_separators(rest: str) -> None:
    _all_forms(b"MSH|^~\\&|A|B|||||ORM^O01|1|P|2.3.1\r" + rest.encode())


def test_a_document_of_a_megabyte_and_thousands_of_segments_stay_small_in_every_form() -> None:
    document = base64.b64encode(bytes(800_000)).decode()
    view = MessageExplorer.of(order().add(f"OBX|1|ED|PDF||^AP^PDF^Base64^{document}").bytes())
    many = MessageExplorer.of(order().add(*(f"OBX|{n}|TX|1^A^L||text {n}||||||F" for n in range(1, 2001))).bytes())
    for one in (view, many):
        assert len(one.text()) < 200_000
        assert len(one.html()) < 300_000
        assert len(json.dumps(dict(one.state()))) < 4_000_000
    assert "more characters" in view.text()
    assert "more lines" in many.text()
    assert f"OBX[{2000}]-5" in {line.label for line in many.tree.lines}
    separators = MessageExplorer.of(b"MSH|^~\\&|" + b"a^~|" * 100_000)
    assert len(separators.tree.lines) < 40_000
    lines = MessageExplorer.of(b"MSH|^~\\&|\r" + b"ZZ1|a\r" * 40_000)
    assert "of its 40,001 segments" in lines.tree.remarks[-1]


def test_a_message_is_looked_at_in_whatever_form_it_is_in_hand() -> None:
    import hl7

    message = order()
    text = message.bytes().decode()
    expected = MessageExplorer.of(message.bytes()).text()
    for thing in (message.bytes(), text, bytearray(message.bytes()), hl7.parse(text)):
        assert str(look(thing)).partition("Size")[0] == expected.partition("Size")[0]
    assert look("\ufeff" + text).tree.remarks  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        look("no_such_file.hl7")
