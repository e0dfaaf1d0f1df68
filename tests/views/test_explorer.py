"""Trees, their text, HTML and state, and how two are paired."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hl7dicom_lab.views.explorer import html_form, pairs, state, text_form
from hl7dicom_lab.views.explorer.tree import Line, Tree, children, parents


def _tree(*lines: Line, raw: bytes = b"", bytes_as: str = "none") -> Tree:
    return Tree("thing", "Thing", "A thing", "Tag", ("VR", "Length"), lines, raw, bytes_as)  # type: ignore[arg-type]


def _marks(left: Tree, right: Tree) -> list[tuple[str, str, bool]]:
    return [(one.line(left, right).label, one.mark, one.counts) for one in pairs.pair(left, right)]


def test_parents_and_children() -> None:
    lines = (Line(0, "a", "", ""), Line(1, "b", "", ""), Line(2, "c", "", ""), Line(1, "d", "", ""))
    assert parents([line.depth for line in lines]) == [-1, 0, 1, 0]
    assert children(lines) == [True, True, False, False]
    assert children(()) == []


def test_lines_are_paired_by_their_path_and_never_by_their_value() -> None:
    left = _tree(Line(0, "a", "", ""), Line(1, "x", "", "1"), Line(0, "b", "", ""), Line(1, "x", "", "2"))
    right = _tree(Line(0, "a", "", ""), Line(1, "x", "", "2"), Line(0, "b", "", ""), Line(1, "x", "", "2"))
    assert _marks(left, right) == [
        ("a", "different", False), ("x", "different", True), ("b", "same", False), ("x", "same", False),
    ]  # fmt: skip


def test_a_part_on_one_side_only_is_one_difference_at_its_place() -> None:
    left = _tree(Line(0, "a", "", "1"), Line(0, "c", "", "3"))
    right = _tree(Line(0, "a", "", "1"), Line(0, "b", "", ""), Line(1, "x", "", "9"), Line(0, "c", "", "3"))
    found = _marks(left, right)
    assert found == [
        ("a", "same", False), ("b", "right only", True), ("x", "right only", False), ("c", "same", False),
    ]  # fmt: skip
    assert [mark for _, mark, _ in _marks(right, left)] == ["same", "left only", "left only", "same"]


def test_a_whole_against_a_leaf_counts_once() -> None:
    left = _tree(Line(0, "a", "", "x^y"), Line(1, "a1", "", "x"), Line(1, "a2", "", "y"))
    right = _tree(Line(0, "a", "", "x"))
    assert [(mark, counts) for _, mark, counts in _marks(left, right)] == [
        ("different", True), ("left only", False), ("left only", False),
    ]  # fmt: skip


def test_what_is_exact_is_compared_where_the_value_is_an_extract() -> None:
    left, right = Line(0, "a", "", "1, 2 ...", exact="123"), Line(0, "a", "", "1, 2 ...", exact="124")
    assert _marks(_tree(left), _tree(right)) == [("a", "different", True)]
    assert _marks(_tree(left), _tree(left)) == [("a", "same", False)]


def test_the_second_of_a_kind_is_paired_with_the_second_and_empty_lines_are_not_compared() -> None:
    left = _tree(Line(0, "a", "", "1"), Line(0, "a", "", "2"), Line(0, "e", "", "", empty=True))
    right = _tree(Line(0, "a", "", "1"), Line(0, "a", "", "3"))
    assert [mark for _, mark, _ in _marks(left, right)] == ["same", "different"]


def test_hostile_text_is_escaped_in_html_and_visible_in_text() -> None:
    tree = _tree(Line(0, "<b>", "<script>alert(1)</script>", "\x1b[31m\u202ered", ("&", "1"), note="<i>"))
    drawn = html_form.html_of(tree)
    assert "<script" not in drawn
    assert "<i>" not in drawn
    assert "&lt;script&gt;" in drawn
    for form in (drawn, text_form.text(tree), json.dumps(state.state(tree), ensure_ascii=False)):
        assert "\x1b" not in form
        assert "\u202e" not in form
        assert "␛[31m" in form


def test_long_values_and_many_lines_are_cut_and_say_so() -> None:
    lines = tuple(Line(0, f"a{number}", "n", "v") for number in range(5000))
    tree = _tree(Line(0, "long", "n", "x" * 10_000), *lines)
    printed = text_form.text(tree)
    assert "(8,000 more characters)" in printed
    assert printed.endswith("... 3,501 more lines")
    drawn = html_form.html_of(tree)
    assert "... 4,401 more lines" in drawn
    assert len(drawn) < 200_000


def test_the_static_form_is_made_of_headed_tables() -> None:
    tree = _tree(
        Line(0, "PID", "Patient", ""), Line(1, "PID-5", "Name", "Rivera", ("XPN", "6")), Line(0, "x", "y", "z")
    )
    drawn = html_form.html_of(tree)
    assert re.search(r"<caption[^>]*>What is in PID</caption>", drawn)
    assert drawn.count("<details open>") == 2
    assert re.search(r'<th scope="row"[^>]*>PID-5</th>', drawn)
    for heading in ("Tag", "Name", "VR", "Length", "Value"):
        assert re.search(rf'<th scope="col"[^>]*>{heading}</th>', drawn)
    assert ">Note</th>" not in drawn, "a column for notes where there are some"
    noted = html_form.html_of(replace(tree, lines=(*tree.lines[:-1], replace(tree.lines[-1], note="odd"))))
    assert re.search(r'<th scope="col"[^>]*>Note</th>', noted)


def test_the_pieces_of_a_text_are_all_of_its_bytes() -> None:
    raw = b"\x0bAB|cd|e\rFG|h\r\x1c\r"
    tree = _tree(
        Line(0, "AB", "", "", span=(1, 8)), Line(1, "1", "", "cd", span=(4, 6)), Line(1, "2", "", "e", span=(7, 8)),
        Line(0, "FG", "", "", span=(9, 13)), Line(1, "1", "", "h", span=(12, 13)), raw=raw, bytes_as="text",
    )  # fmt: skip
    rows = state.state(tree)["sides"][0]["bytes"]["rows"]
    assert [start for start, _ in rows] == [0, 9]
    assert rows[0][1] == [[-1, "␋", 1], [-1, "AB|", 3], [1, "cd", 2], [-1, "|", 1], [2, "e", 1], [-1, "␍", 1]]
    assert sum(size for _, pieces in rows for *_, size in pieces) == len(raw)


def test_of_large_values_a_hexadecimal_view_has_the_beginning() -> None:
    raw = bytes(200_000) + b"end!"
    tree = _tree(Line(0, "pixels", "", "", span=(8, 200_000)), raw=raw, bytes_as="hex")
    chunks = state.state(tree)["sides"][0]["bytes"]["chunks"]
    assert [(start, len(part)) for start, part in chunks] == [(0, 8 + 2048), (200_000, 4)]
    small = _tree(Line(0, "a", "", "", span=(0, 3)), raw=b"abc", bytes_as="hex")
    assert state.state(small)["sides"][0]["bytes"]["chunks"] == [[0, b"abc"]]
