"""MSH-18 decides which bytes are which characters, and nothing is replaced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.errors import CannotEncode, Hl7Fault
from hl7dicom_lab.hl7v2 import character_set
from hl7dicom_lab.mapping.character_sets import to_dicom

TEXTS = {
    "": "Rivera",
    "ASCII": "Rivera",
    "8859/1": "Núñez",
    "8859/2": "Dvořák",
    "8859/3": "Ĝorĝo",
    "8859/4": "Ķēniņš",
    "8859/5": "Иванов",
    "8859/6": "محمد",
    "8859/7": "Παπαδόπουλος",
    "8859/8": "כהן",
    "8859/9": "Yılmaz",
    "UNICODE UTF-8": "山田 Núñez",
    "GB 18030-2000": "王小东",
    "ISO IR87": "山田",
    "ASCII~ISO IR87": "山田",
    "~ISO IR87": "山田",
    "KS X 1001": "김희중",
    "~KS X 1001": "김희중",
}


@pytest.mark.parametrize("declared", TEXTS)
def test_text_comes_back_in_every_character_set(declared):
    raw = character_set.encode(TEXTS[declared], declared)
    assert character_set.decode(raw, declared) == TEXTS[declared]
    assert (declared in ("", "ASCII")) is (to_dicom(declared) == ())


def test_every_set_has_a_counterpart_in_dicom():
    for declared in character_set.CODECS:
        to_dicom(declared)


@pytest.mark.parametrize("declared", ["UTF-8", "unicode utf-8", "8859/15", "KLINGON", "8859/1~ISO IR87", "~"])
def test_an_unknown_set_is_refused_with_the_known_ones(declared):
    with pytest.raises(Hl7Fault, match="table 0211") as caught:
        character_set.codec_of(declared)
    assert (caught.value.code, caught.value.where) == (103, "MSH-18")
    assert "UNICODE UTF-8" in caught.value.next_step


@pytest.mark.parametrize(
    ("raw", "declared", "byte", "offset", "where"),
    [
        (b"MSH|^~\\&|A\rPID|1||X||N\xf1\r", "", "0xF1", 22, "PID-5"),
        (b"MSH|^~\\&|\xf1\r", "UNICODE UTF-8", "0xF1", 9, "MSH-3"),
        (b"MSH#^~\\&#A\nNTE#1##a\xffb\n", "ASCII", "0xFF", 19, "NTE-3"),
        (b"\xff\xfe", "ASCII", "0xFF", 0, "MSH-18"),
        (b"MSH|^~\\&|A|\xa5\r", "8859/3", "0xA5", 11, "MSH-4"),
    ],
)
def test_a_byte_outside_the_set_is_named_with_its_place(raw, declared, byte, offset, where):
    with pytest.raises(Hl7Fault, match=f"byte {byte} at offset {offset} ") as caught:
        character_set.decode(raw, declared)
    assert (caught.value.code, caught.value.where) == (102, where)


@pytest.mark.parametrize(("text", "declared"), [("Núñez", ""), ("山田", "8859/1"), ("Ж", "8859/7"), ("😀", "ISO IR87")])
def test_a_character_outside_the_set_is_refused_never_replaced(text, declared):
    with pytest.raises(CannotEncode) as caught:
        character_set.encode(text, declared)
    assert caught.value.where == "MSH-18"
    assert "UNICODE UTF-8" in caught.value.next_step


@given(st.binary(max_size=60), st.sampled_from(sorted(character_set.CODECS)))
def test_decoding_gives_text_or_a_fault(raw, declared):
    try:
        text = character_set.decode(raw, declared)
    except Hl7Fault:
        return
    assert "\ufffd" not in text or declared in ("UNICODE UTF-8", "GB 18030-2000"), "only these have it as a character"


@pytest.mark.parametrize(
    ("declared", "raw", "control"),
    [
        ("8859/1", b"MSH|^~\\&|A\rPID|1||A1||\x8aimek^A\r", b"\x8a"),  # Windows-1252, the commonest mistake
        ("UNICODE UTF-8", "MSH|^~\\&|A\rPID|1||Ä||Te\x00st\r".encode(), b"\x00"),
        ("", b"MSH|^~\\&|A\rPID|1||A1||Te\x1bst\r", b"\x1b"),
    ],
)
def test_a_control_character_is_in_no_set(declared, raw, control):
    with pytest.raises(Hl7Fault, match=f"at offset {raw.index(control)} ") as caught:
        character_set.decode(raw, declared)
    assert (caught.value.code, caught.value.where) == (102, "PID-5")


def test_the_designation_of_korean_is_understood():
    text = "Hong^Gildong~洪^吉洞~홍^길동"
    designated = b"\x1b$)C" + text.encode("euc_kr").replace("홍".encode("euc_kr"), b"\x1b$)C" + "홍".encode("euc_kr"))
    assert character_set.decode(designated, "~KS X 1001") == text
