"""Why a key missed a step that was nearly meant: another day, another case, a comma in a name (PS3.4 section C.2.2.2).

Clinical step: the technologist has the patient in front of her and an empty list; what was typed or configured is
nearly right. Rule: a correction is offered only where the worklist's own matching accepts it for this step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import periods
from hl7dicom_lab.dicom.decoded_values import UNDECLARED, Codecs, codecs_of, values
from hl7dicom_lab.dicom.matching import rule_for
from hl7dicom_lab.dicom.wild_cards import WILD_CARD_VRS
from hl7dicom_lab.dicom.worklist_keys import sequence_items
from hl7dicom_lab.dicom.worklist_model import STEP, WORKLIST_MODEL
from hl7dicom_lab.errors import DicomFault

#: VRs of identifiers and titles, which are easily put into a neighbour's place.
_IDENTIFIERS = frozenset({"AE", "LO", "SH", "UI"})
_NOT_LETTERS = re.compile(r"[\W_]+")


def near_miss(path: str, wanted: str, found: str, item: Dataset) -> str:
    """One or two sentences on what separates a key's value from the step's; "" where nothing is nearly right."""
    vr = dictionary_VR(path.rpartition(".")[2]).split(" ")[0]
    if not found:
        return "An unknown value fits no key that has a value."
    if vr in ("DA", "TM"):
        return _other_day(wanted, found) if vr == "DA" else _other_time(wanted, found)
    if vr in _IDENTIFIERS and (place := _elsewhere(item, path, wanted)):
        return f"This step has that value in another attribute: {place}."
    corrections = _corrections(vr, wanted, found)
    return next((f"{reason}: '{one}' fits." for one, reason in corrections if _fits(path, vr, one, found)), "") or (
        "One is a part of the other, and this key compares whole values." if _overlap(vr, wanted, found) else ""
    )


def _overlap(vr: str, wanted: str, found: str) -> bool:
    return vr in WILD_CARD_VRS - {"PN"} and any(wanted in part or part in wanted for part in found.split("\\"))


def _fits(path: str, vr: str, candidate: str, found: str) -> bool:
    """Whether the worklist's matching accepts a corrected value. One that matches everything corrects nothing."""
    single = WORKLIST_MODEL[path].matched_by == "single value only"
    try:
        rule = rule_for(path, vr, (candidate,), single_value_only=single)
    except DicomFault:
        return False
    return rule is not None and rule.admits(tuple(found.split("\\")))


def _corrections(vr: str, wanted: str, found: str) -> Iterator[tuple[str, str]]:
    if vr == "PN":
        yield from _names(wanted)
    elif vr in WILD_CARD_VRS:
        yield from ((one, "Upper and lower case count here") for one in (wanted.upper(), wanted.lower()))
        for part in found.split("\\"):
            if part.casefold() == wanted.casefold():
                yield part, "Upper and lower case count here"
            elif _letters(part) and _letters(part) == _letters(wanted):
                yield part, "Spaces and signs count here"
        yield f"{wanted}*", "The value here goes on"


def _names(wanted: str) -> Iterator[tuple[str, str]]:
    """Other ways to write a name: as the beginning of a longer one, with `^`, the family name first."""
    stem = wanted.rstrip("*^ ,")
    if stem:
        yield f"{stem}*", "The name here goes on"
    parts = [part for part in re.split(r"[,\s^]+", stem) if part]
    if len(parts) > 1:
        with_marks = "^".join(parts)
        yield f"{with_marks}*", "The parts of a name are divided by ^, without comma and space"
        yield f"{parts[-1]}^{'^'.join(parts[:-1])}*", "The family name comes first"
    if stem.strip("*"):
        yield f"*{stem.lstrip('*')}*", "It stands inside the name"


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text).casefold()


def _other_day(wanted: str, found: str) -> str:
    key, moment = periods.parse_key("DA", wanted), periods.first_moment("DA", found)
    if key is None or moment is None:
        return ""
    if f"{found[:4]}{found[6:8]}{found[4:6]}" == wanted:
        return "Another day: day and month seem to be exchanged."
    first, last = key.period.first, key.period.last
    if first is not None and moment < first:
        return f"Another day: {_days((first - moment) // periods.DAY)} earlier than asked for."
    if last is not None and moment > last:
        return f"Another day: {_days((moment - last - 1) // periods.DAY + 1)} later than asked for."
    return ""


def _days(count: int) -> str:
    return counted(count, "day")


def _other_time(wanted: str, found: str) -> str:
    key, moment = periods.parse_key("TM", wanted), periods.first_moment("TM", found)
    if key is None or moment is None:
        return ""
    early = key.period.first is not None and moment < key.period.first
    return f"Another time: {'earlier' if early else 'later'} than asked for."


def _elsewhere(item: Dataset, path: str, wanted: str) -> str:
    """The attribute, at the root or in the step, in which an item has a value that was looked for elsewhere."""
    for other, text in _values(item, "", UNDECLARED):
        if text == wanted and other != path:
            return other.rpartition(".")[2]
    return ""


def _values(item: Dataset, prefix: str, around: Codecs) -> Iterator[tuple[str, str]]:
    codecs = codecs_of(item, around)
    for tag in sorted(item.keys()):
        path, vr = f"{prefix}{keyword_for_tag(tag)}", getattr(item.get_item(tag), "VR", None)
        if path == STEP:
            for one in sequence_items(item, tag):
                yield from _values(one, f"{STEP}.", codecs)
        elif vr in _IDENTIFIERS and path != prefix:
            yield from ((path, value) for value in values(item, tag, str(vr), codecs))
