"""The images' column of the mapping map: what the table copies from the worklist, compared with what the images say.

IHE RAD-8 with its Appendix A; PS3.17 Annex J. Rules: the first image stands for all, and where another one says
something else, it differs; what the scanner alone knows is made, not copied.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from hl7dicom_lab.mapping.attributes import get, shown
from hl7dicom_lab.mapping.table import MADE_BY_MODALITY, REQUEST, WORKLIST_TO_IMAGE, ImageRow
from hl7dicom_lab.views.mapping_map.evidence import Examination
from hl7dicom_lab.views.mapping_map.paths import IMAGE, WORKLIST, Mark, Value
from hl7dicom_lab.views.mapping_map.sketch import Sketch, group_of

_SCANNER = "the scanner"
_EACH = "another value in every image"
#: What is said of a value that the worklist did not give.
_UNEXPECTED = {"patient": "not from the worklist: entered at the scanner"}
#: The scanner declares the set of its own texts; it is no identity, and need not be the worklist's.
_CHARACTER_SET = "SpecificCharacterSet"
#: The scanner may choose another short number for people.
_FREE = "StudyID"


def add_images(sketch: Sketch, examination: Examination) -> None:
    """The copied attributes, row by row, then those that the scanner makes."""
    if not examination.images:
        return
    requested = examination.step is not None and bool(examination.step.requested_procedure_id)
    for row in WORKLIST_TO_IMAGE:
        for path in row.image:
            expected = not path.startswith(REQUEST) or requested
            _add_copy(sketch, examination, row, path, expected)
    for keyword in (*MADE_BY_MODALITY, "SeriesDescription"):
        text, note = _said(examination, keyword)
        if text:
            note = _EACH if note and len(examination.images) == 2 else note
            sketch.value(IMAGE, keyword, text, group="acquisition", mark="made", by=_SCANNER, note=note)


def _add_copy(sketch: Sketch, examination: Examination, row: ImageRow, path: str, expected: bool) -> None:
    source = sketch.attribute(WORKLIST, row.worklist)
    text, note = _said(examination, path)
    group = group_of(row.worklist)
    if source is None or (path == _FREE and text != source.text):
        if text:
            unexpected = _UNEXPECTED.get(group, "not from the worklist") if source is None else row.note
            said = "; ".join(filter(None, (unexpected, note)))
            sketch.value(IMAGE, path, text, group=group, mark="made", by=_SCANNER, note=said)
    elif text or (expected and path not in (_CHARACTER_SET, _FREE)):
        value = sketch.value(IMAGE, path, text, group=group, note=note)
        sketch.link(source, value, *_compared(source, text, note, row))


def _compared(source: Value, text: str, note: str, row: ImageRow) -> tuple[Mark, str]:
    if not text:
        return "missing", "the images have no value there"
    if note or not same(source.text, text):
        if row.worklist == _CHARACTER_SET:
            return "converted", row.note
        return "differs", "some images say something else" if same(source.text, text) else ""
    return "copied", row.note


def same(one: str, other: str) -> bool:
    """Whether two values say the same: padding and empty parts at the end of a name say nothing, 64 is 64.0."""
    one, other = one.strip(" \0").rstrip("^="), other.strip(" \0").rstrip("^=")
    if one == other:
        return True
    with suppress(ValueError):
        return "." in one + other and float(one) == float(other)
    return False


def _said(examination: Examination, path: str) -> tuple[str, str]:
    """What the first image says at a path, and whether others say something else."""
    said = [shown(get(image, path)) if get(image, path) is not None else "" for image in examination.images]
    others = Counter(one for one in said[1:] if not same(one, said[0]))
    if not others:
        return said[0], ""
    count = sum(others.values())
    if len(others) == count == len(said) - 1:
        return said[0], _EACH if count > 1 else f"the other image has {next(iter(others))!r}"
    seen, times = others.most_common(1)[0]
    return said[0], f"{times} of {len(said)} images {'has' if times == 1 else 'have'} {seen or '(nothing)'!r}"
