"""Section 5 of the mapping: every character set of MSH-18 with text of its script, from bytes to bytes."""

from __future__ import annotations

import unicodedata

import pytest
from flat import flat
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import FULL_ORM, with_field
from oracle import CHARACTER_SETS
from pydicom.dataset import Dataset
from test_order_to_worklist import NOW, STATIONS

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.errors import CannotEncode, Hl7Fault
from hl7dicom_lab.hl7v2 import character_set
from hl7dicom_lab.hl7v2.groups import orders
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.mapping import character_sets
from hl7dicom_lab.mapping.order_to_worklist import new_item, order_to_worklist, scheduled, worklist_item

#: MSH-18, the codec of its bytes, a name and a reason for the examination in a script of it.
SCRIPTS = (
    ("", "ascii", "Beck^Ada", "Headache"),
    ("ASCII", "ascii", "Beck^Ada", "Headache"),
    ("8859/1", "iso8859-1", "Müller^Zoë", "Übelkeit, à jeun, señora"),
    ("8859/2", "iso8859-2", "Dvořák^Łucja", "Ból głowy, žluč"),
    ("8859/3", "iso8859-3", "Ĉapek^Ġanna", "Kapdoloro ĝis ŝultro"),
    ("8859/4", "iso8859-4", "Bērziņš^Žanete", "Ģībonis"),
    ("8859/5", "iso8859-5", "Иванова^Анна", "Головная боль"),
    ("8859/6", "iso8859-6", "قباني^لنزار", "صداع"),
    ("8859/7", "iso8859-7", "Διονυσιος^Άννα", "Πονοκέφαλος"),
    ("8859/8", "iso8859-8", "שרון^דבורה", "כאב ראש"),
    ("8859/9", "iso8859-9", "Çavuşoğlu^İpek", "Baş ağrısı"),
    ("UNICODE UTF-8", "utf-8", "Wang^XiaoDong=王^小东", "头痛, Kopfweh, صداع"),
    ("GB 18030-2000", "gb18030", "Wang^XiaoDong=王^小东", "头痛"),
    ("ISO IR87", "iso2022_jp", "Yamada^Tarou=山田^太郎=やまだ^たろう", "頭痛、めまい"),
    ("ASCII~ISO IR87", "iso2022_jp", "Yamada^Tarou=山田^太郎=やまだ^たろう", "頭痛"),
    ("~ISO IR87", "iso2022_jp", "Yamada^Tarou=山田^太郎=やまだ^たろう", "頭痛"),
    ("KS X 1001", "euc_kr", "Hong^Gildong=洪^吉洞=홍^길동", "두통"),
    ("ASCII~KS X 1001", "euc_kr", "Hong^Gildong=洪^吉洞=홍^길동", "두통"),
)


def planned_bytes(body: bytes):
    (group,) = orders(Message.parse(body))
    return scheduled(new_item(order_to_worklist(group)), stations=STATIONS, now=NOW)


def order_in(declared: str, name: str, reason: str) -> str:
    repetitions = [one + "^" * (7 - one.count("^")) + code for one, code in zip(name.split("="), "AIP", strict=False)]
    text = with_field(with_field(FULL_ORM, "MSH-18", declared), "OBR-31", f"^{reason}")
    return with_field(text, "PID-5", "~".join(repetitions))


def written(body: bytes) -> Dataset:
    """The item of an order, written and read again."""
    return data_set.decode(worklist_item(planned_bytes(body)).data_set)


@pytest.mark.parametrize(("declared", "codec", "name", "reason"), SCRIPTS, ids=[row[0] or "none" for row in SCRIPTS])
def test_text_in_its_own_set_reaches_the_item_unchanged(declared, codec, name, reason):
    item = flat(written(order_in(declared, name, reason).encode(codec)))
    assert (item["PatientName"], item["ReasonForTheRequestedProcedure"]) == (name, reason)
    key = declared.removeprefix("ASCII~").removeprefix("~")
    assert item.get("SpecificCharacterSet", []) == CHARACTER_SETS[key]


@pytest.mark.parametrize(("declared", "codec", "name", "reason"), SCRIPTS[2:11], ids=[row[0] for row in SCRIPTS[2:11]])
def test_the_bytes_of_a_single_byte_set_are_the_same_in_hl7_and_dicom(declared, codec, name, reason):
    assert name.encode(codec) in worklist_item(planned_bytes(order_in(declared, name, reason).encode(codec))).data_set


def test_the_table_is_that_of_the_design():
    mine = {name: list(terms) for name, terms in character_sets.SPECIFIC_CHARACTER_SET.items() if "~" not in name}
    assert mine == CHARACTER_SETS
    assert set(character_sets.SPECIFIC_CHARACTER_SET) == set(character_set.CODECS)


@pytest.mark.parametrize("name", CHARACTER_SETS)
def test_there_and_back(name):
    assert character_sets.to_dicom(character_sets.to_hl7(character_sets.to_dicom(name))) == tuple(CHARACTER_SETS[name])


def test_terms_that_hl7_has_no_name_for_become_unicode():
    assert character_sets.to_hl7(("ISO_IR 166",)) == "UNICODE UTF-8"


@pytest.mark.parametrize("declared", ["UTF8", "8859/99", "8859/1~8859/2", "unicode utf-8"])
def test_an_unknown_set_is_refused_by_its_field(declared):
    with pytest.raises(Hl7Fault) as refused:
        character_sets.to_dicom(declared)
    assert (refused.value.code, refused.value.where) == (103, "MSH-18")


@pytest.mark.parametrize(("declared", "codec"), [("", "utf-8"), ("UNICODE UTF-8", "latin-1"), ("8859/6", "latin-1")])
def test_bytes_outside_the_declared_set_are_refused_and_never_guessed(declared, codec):
    with pytest.raises(Hl7Fault) as refused:
        Message.parse(with_field(with_field(FULL_ORM, "MSH-18", declared), "PID-5", "Müller").encode(codec))
    assert (refused.value.code, refused.value.where) == (102, "PID-5")


def test_text_that_the_set_of_a_data_set_lacks_is_refused_by_its_attribute():
    item = Dataset()
    item.SpecificCharacterSet, item.PatientName = "ISO_IR 100", "山田^太郎"
    with pytest.raises(CannotEncode) as refused:
        data_set.encode(item)
    assert refused.value.where == "PatientName"


def characters(codec: str) -> list[str]:
    """Every printable character of a codec in the basic plane."""
    found = []
    for character in map(chr, range(0xA0, 0x10000)):
        try:
            readable = character.encode(codec).decode(codec) == character
        except UnicodeError:
            continue
        if readable and unicodedata.category(character)[0] in "LNPS":
            found.append(character)
    return found


@pytest.mark.parametrize(("declared", "codec"), [(row[0], row[1]) for row in SCRIPTS if "~" not in row[0] and row[0]])
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_any_text_of_a_set_comes_back_and_none_of_it_as_a_question_mark(declared, codec, data):
    """Also where a byte of a character looks like `=`, `^` or a backslash: then the item is in Unicode."""
    alphabet = st.sampled_from(CHARACTERS[codec])
    name = "^".join(data.draw(st.lists(st.text(alphabet, min_size=1, max_size=8), min_size=1, max_size=3)))
    reason = data.draw(st.text(alphabet, min_size=1, max_size=40))
    item = flat(written(order_in(declared, f"A^B={name}", reason).encode(codec)))
    assert (item["PatientName"], item["ReasonForTheRequestedProcedure"]) == (f"A^B={name}", reason)


CHARACTERS = {codec: characters(codec) or list("abc") for codec in dict.fromkeys(row[1] for row in SCRIPTS)}


@pytest.mark.parametrize("character", "―出構表噂十‾誠°×")
def test_characters_that_readers_stumble_over(character):
    """Some have a byte 0x3D, 0x5C or 0x5E in JIS X 0208 or GB 18030; `‾` is in JIS X 0201, `°` also in Latin-1."""
    for declared, codec in (("ISO IR87", "iso2022_jp"), ("GB 18030-2000", "gb18030"), ("KS X 1001", "euc_kr")):
        try:
            body = order_in(declared, f"A^B={character}^{character}", character).encode(codec)
        except UnicodeEncodeError:
            continue
        item = flat(written(body))
        assert item["PatientName"] == f"A^B={character}^{character}"
        assert item["ReasonForTheRequestedProcedure"] == character
