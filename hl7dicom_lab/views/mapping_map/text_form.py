"""The mapping map as text: a path in two lines, its labels above and its values below.

Rule: everything that the map shows is here, in columns that a person and a screen reader can follow. Control characters
are made visible; what is very long is cut and says so.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from hl7dicom_lab.views.mapping_map.paths import COLUMNS, GROUPS, ORDER, SIGNS, Link, Path, Value
from hl7dicom_lab.visible import visible

_WIDTH = 106
_LONGEST = 200
_WITHIN = (
    "> in the worklist's column: inside ScheduledProcedureStepSequence (0040,0100);",
    "  in the image's column: inside RequestAttributesSequence (0040,0275)",
)


def shortened(text: str) -> str:
    """A value on one line. A long one is cut, and its length is told."""
    shown = visible(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}... ({len(shown)} characters)"


def as_text(title: str, stages: Sequence[str], paths: Sequence[Path]) -> str:
    """The whole map."""
    lines = [title, ""]
    lines += [_wrapped(f"{name.upper():9} {stage}", " " * 10) for name, stage in zip(COLUMNS, stages, strict=True)]
    lines += ["", *(f"{sign} {mark + ':':11} {meaning}" for mark, (sign, meaning) in SIGNS.items()), *_WITHIN]
    widths = [max([len(_label(path.at(column))) for path in paths] + [len(COLUMNS[column])]) for column in range(4)]
    for group, members in groupby(paths, key=lambda path: path.group):
        lines += ["", GROUPS[group].upper(), _line(COLUMNS, ("", "", "", ""), widths), "-" * _WIDTH]
        for path in members:
            lines += [_labels(path, widths), *_values(path)]
    return "\n".join(line.rstrip() for line in lines)


def _labels(path: Path, widths: Sequence[int]) -> str:
    signs = [""] * 4
    marks = [path.values[0].mark, *(link.mark for link in path.links)]
    for value, mark in zip(path.values, marks, strict=True):
        signs[value.column] = SIGNS[mark][0] if mark else ""
    return _line([_label(path.at(column)) for column in range(4)], signs, widths)


def _line(labels: Sequence[str], signs: Sequence[str], widths: Sequence[int]) -> str:
    cells = [f"{sign:1} {label:{width}}" for label, sign, width in zip(labels, signs, widths, strict=True)]
    return " ".join(cells)


def _label(value: Value | None) -> str:
    if value is None:
        return ""
    return f"> {value.label}" if value.within else visible(value.label)


def _values(path: Path) -> Iterator[str]:
    """What the values are: one after the other where they change, and the rules by which they do."""
    said: list[str] = []
    for value in path.values:
        text = shortened(value.text) or "(nothing)"
        if not said or said[-1] != text:
            said.append(text)
    first = path.values[0]
    rules = [f"made by {first.by}"] if first.mark == "made" else []
    rules += [link.rule for link in path.links if link.rule]
    rules += [value.note for value in path.values if value.note]
    after = f"  ({visible('; '.join(dict.fromkeys(rules)))})" if rules else ""
    yield _wrapped(f"    {' -> '.join(said)}{after}", " " * 6)


def _wrapped(text: str, indent: str) -> str:
    lines = textwrap.wrap(text, _WIDTH, subsequent_indent=indent, drop_whitespace=True, replace_whitespace=False)
    return "\n".join(lines)


def followed(paths: Sequence[Path]) -> str:
    """Some paths, a line for each value: where it stands, what it is, and how it came there."""
    rows = [
        [(COLUMNS[value.column], value.place, shortened(value.text) or "(nothing)") for value in one.values]
        for one in paths
    ]
    widths = [max((min(len(row[place]), 48) for path in rows for row in path), default=0) for place in range(3)]
    blocks = []
    for path, cells in zip(paths, rows, strict=True):
        lines = []
        for cell, how in zip(cells, hows(path), strict=True):
            aligned = "  ".join(f"{text:{width}}" for text, width in zip(cell, widths, strict=True))
            lines.append(f"{aligned}  {visible(how)}".rstrip())
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def hows(path: Path) -> list[str]:
    """How each value of a path came there, in words."""
    first, *others = path.values
    begun = f"in {first.by}" if first.column == ORDER and first.by else how(first, None)
    return [begun, *(how(value, link) for value, link in zip(others, path.links, strict=True))]


def how(value: Value, link: Link | None) -> str:
    """How a value came where it stands: by a line, or made by somebody."""
    begun = f"+ made by {value.by}" if value.mark == "made" and link is None else ""
    came = f"{SIGNS[link.mark][0]} {link.words}" if link else begun
    return "; ".join(filter(None, (came, value.note)))
