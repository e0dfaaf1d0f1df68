"""Names: XPN, XCN and CN to PN and back. HL7 v2.5.1 chapter 2A; PS3.5 section 6.2.1."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.build import xcn, xpn
from hl7dicom_lab.hl7v2.escapes import Separators
from hl7dicom_lab.hl7v2.message import Segment
from hl7dicom_lab.mapping.names import cn_to_pn, name_of, pn_of, xcn_to_pn, xpn_to_pn
from hl7dicom_lab.model import Person, PersonName

part = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\\^="), max_size=9).filter(
    lambda text: text != '""'
)
writing = st.tuples(part, part).map(lambda parts: "^".join(parts).rstrip("^"))
any_name = st.builds(PersonName, part, part, part, part, part, writing, writing)


def field(raw: str, separators: Separators | None = None) -> Segment:
    """A segment whose field 1 is `raw`."""
    return Segment(f"XYZ|{raw}", separators or Separators(), "utf-8")


def xpn_pn(raw: str) -> str:
    return xpn_to_pn(field(raw), 1)


@settings(deadline=None)
@given(any_name)
def test_a_name_comes_back_from_xpn(name):
    assert xpn_pn(xpn(name)) == pn_of(name)


@settings(deadline=None)
@given(any_name)
def test_a_name_comes_back_from_pn(name):
    assert name_of(pn_of(name)) == name


@settings(deadline=None)
@given(any_name)
def test_a_member_of_staff_keeps_the_name_and_loses_the_id(name):
    raw = xcn(Person("D1017", PersonName(name.family, name.given, name.middle, name.prefix, name.suffix)))
    assert xcn_to_pn(field(raw), raw, "XYZ-1") == pn_of(name).split("=")[0]


@pytest.mark.parametrize(("raw", "pn"), [
    ("Adams^John^Robert Quincy^Jr^Rev", "Adams^John^Robert Quincy^Rev^Jr"),
    ("Adams^John^^^Rev", "Adams^John^^Rev"),
    ("Adams^John^^Jr", "Adams^John^^^Jr"),
    ("Adams^John^^^^MD", "Adams^John^^^MD"),
    ("Adams^John^^Jr^Rev^MD", "Adams^John^^Rev^Jr MD"),
    ("van Beck&van&Beck^Ada", "van Beck^Ada"),
    ("Adams", "Adams"),
    ("^John", "^John"),
    ('Adams^""^Robert', "Adams^^Robert"),
    ("", ""),
    ('""', ""),
    (" Adams ^ John ", "Adams^John"),
])  # fmt: skip
def test_xpn_by_its_parts(raw, pn):
    assert xpn_pn(raw) == pn


@pytest.mark.parametrize(("raw", "pn"), [
    ("Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("山田^太郎^^^^^L^I~Yamada^Tarou^^^^^L^A", "Yamada^Tarou=山田^太郎"),
    ("山田^太郎^^^^^L^I", "=山田^太郎"),
    ("Yamada^Tarou^^^^^L~山田^太郎^^^^^L^I", "Yamada^Tarou=山田^太郎"),
    ("Yamada^Tarou^^^^^L^A~Yama^Taro^^^^^N^A", "Yamada^Tarou"),
    ("Rivera^Elena^^^^^L~Gomez^Elena^^^^^M", "Rivera^Elena"),
    ("Rivera^Elena^^^^^L^X", "Rivera^Elena"),
])  # fmt: skip
def test_the_writings_of_a_name(raw, pn):
    """XPN-8 (table 0465) says which writing a repetition is; an alias or maiden name (XPN-7) is none."""
    assert xpn_pn(raw) == pn


@pytest.mark.parametrize(("raw", "pn"), [
    ("D1&Lind&Per&A&Jr&Dr&PhD", "Lind^Per^A^Dr^Jr PhD"),
    ("D1&Lind&Per^20260302093000^20260302100000^WARD", "Lind^Per"),
    ("&Lind", "Lind"),
    ("D1^Lind^Per^A^Jr^Dr^PhD", "Lind^Per^A^Dr^Jr PhD"),
    ("^Lind^Per", "Lind^Per"),
    ("D1", ""),
    ("4711", ""),
    ("D1^20260302093000", ""),
    ("Lind", "Lind"),
    ("Dr Lind", "Dr Lind"),
    ("Lind^20260302093000", "Lind"),
    ("", ""),
])  # fmt: skip
def test_cn_in_the_first_component_and_what_is_sent_instead(raw, pn):
    assert cn_to_pn(field(raw), raw, "OBR-34") == pn


@pytest.mark.parametrize("raw", ["D1", "D1^", "D1^^"])
def test_an_id_is_no_name(raw):
    assert xcn_to_pn(field(raw), raw, "PV1-8") == ""


def test_a_message_without_subcomponents_may_use_their_character():
    separators = Separators(subcomponent="")
    assert xpn_to_pn(field("Smith & Sons^Ada", separators), 1) == "Smith & Sons^Ada"
    assert cn_to_pn(field("Smith & Sons", separators), "Smith & Sons", "OBR-34") == "Smith & Sons"


@pytest.mark.parametrize(("raw", "pn"), [
    (r"A\S\B^C", "A B^C"),
    (r"A\E\B^C=D", "A B^C D"),
    (r"A\X0D0A\B^C\X1B\D", "AB^CD"),
    (r"O\T\Hara^\F\\R\ ", "O&Hara^|~"),
])  # fmt: skip
def test_what_structures_a_pn_cannot_stand_in_it(raw, pn):
    assert xpn_pn(raw) == pn


@pytest.mark.parametrize("raw", ["A" * 65, "A" * 40 + "^" + "B" * 30, "A^B^^^^^^A~" + "山" * 65 + "^^^^^^^I"])
def test_a_name_that_is_too_long_is_refused_and_never_shortened(raw):
    with pytest.raises(Hl7Fault) as refused:
        xpn_pn(raw)
    assert (refused.value.code, refused.value.where) == (104, "XYZ-1")


def test_sixty_four_characters_fit_in_each_writing():
    groups = ["A" * 62 + "^B", "山" * 64, "や" * 64]
    raw = "~".join(one + "^" * (7 - one.count("^")) + code for one, code in zip(groups, "AIP", strict=True))
    assert xpn_pn(raw) == "=".join(groups)
