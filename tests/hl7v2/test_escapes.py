r"""Escape sequences are read once and written once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.hl7v2.escapes import Separators, escape, stands_as_it_is, unescape

USUAL = Separators()
OTHERS = (
    USUAL,
    Separators("#", "*", "@", "!", "%"),
    Separators("|", "]", "-", "^", "\\"),
    Separators("$", ".", "(", ")", "["),
)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"A\F\B", "A|B"),
        (r"A\S\B", "A^B"),
        (r"A\T\B", "A&B"),
        (r"A\R\B", "A~B"),
        (r"A\E\B", r"A\B"),
        (r"\E\F\E\ ", r"\F\ "),
        (r"\X41\\X42\ ", "AB "),
        (r"\X4142\ ", "AB "),
        (r"\XC3B1\ ", "ñ "),
        (r"\XFF\ ", r"\XFF\ "),
        (r"\X4\ ", r"\X4\ "),
        (r"\XZZ\ ", r"\XZZ\ "),
        (r"\X\ ", " "),
        (r"one\.br\two", "one\ntwo"),
        (r"one\.sp\two", "one\ntwo"),
        (r"one\.sp3\two", "one\n\n\ntwo"),
        (r"one\.sp+2\two", "one\n\ntwo"),
        (r"one\.sp0\two", "onetwo"),
        (r"one\.ce\two", "one\ntwo"),
        (r"\.in+4\one\.ti-2\two\.fi\ ", "onetwo "),
        (r"\H\bold\N\ ", "bold "),
        (r"\Zlocal\ ", r"\Zlocal\ "),
        (r"\C2842\ ", r"\C2842\ "),
        ("one \\ alone", "one \\ alone"),
        (r"C:\temp\new", r"C:\temp\new"),
        ("", ""),
    ],
)
def test_sequences_are_decoded_once_and_nothing_is_lost(sent, read):
    assert unescape(sent, USUAL) == read


def test_hexadecimal_is_read_in_the_messages_character_set():
    assert unescape(r"\XF1\ ", USUAL, "iso8859-1") == "ñ "
    kanji = "山田".encode("iso2022_jp").hex()
    assert unescape(f"\\X{kanji}\\", USUAL, "iso2022_jp") == "山田"


def test_a_sequence_cannot_make_a_value_endless():
    assert unescape("\\.sp" + "9" * 10_000 + "\\", USUAL) == "\n" * 100
    assert unescape("\\.sp" + "0" * 10_000 + "2\\", USUAL) == "\n\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("A|B^C&D~E\\F", r"A\F\B\S\C\T\D\R\E\E\F"),
        ("one\ntwo", r"one\X0A\two"),
        ("one\rtwo", r"one\X0D\two"),
        ("\x0b\x1c", r"\X0B\\X1C\ ".rstrip()),
        ("Ñandú 山田", "Ñandú 山田"),
    ],
)
def test_what_structures_a_message_is_written_as_a_sequence(value, written):
    assert escape(value) == written


def test_line_breaks_of_formatted_text():
    assert escape("one\r\ntwo\rthree\nfour", formatted=True) == r"one\.br\two\.br\three\.br\four"


def test_without_an_escape_character_separators_become_spaces():
    assert escape("A|B^C\\D\rE", Separators(escape="", subcomponent="")) == "A B C\\D E"
    assert unescape(r"A\F\B", Separators(escape="", subcomponent="")) == r"A\F\B"


@given(st.text(max_size=8), st.sampled_from((*OTHERS, Separators("|", "^", "~", "", ""))))
def test_what_stands_as_it_is_needs_no_sequence(value, separators):
    escaped = "".join(escape(one, separators) for one in value)
    assert escape(value, separators) == escaped
    assert not stands_as_it_is(value, separators) or escaped == value


def test_the_encoding_characters_are_msh_2():
    assert USUAL.encoding_characters == "^~\\&"


@given(st.text(), st.sampled_from(OTHERS))
def test_reading_gives_back_what_was_written(value, separators):
    written = escape(value, separators)
    assert unescape(written, separators) == value
    inside = written.replace(separators.escape, "")
    assert not set(inside) & {separators.field, separators.component, separators.repetition, "\r", "\n", "\x0b", "\x1c"}


@given(st.text())
def test_formatted_text_comes_back_with_its_lines(value):
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    assert unescape(escape(value, formatted=True), USUAL) == lines


@given(
    st.text(st.sampled_from("\\FSTREXH.brspincefi0123456789ABCDEFZ+-|^&~ é")),
    st.sampled_from(("utf-8", "ascii", "iso2022_jp")),
)
def test_reading_never_raises(value, codec):
    unescape(value, USUAL, codec)
