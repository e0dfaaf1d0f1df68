"""The explanation of a worklist query in words: what it comes to, what to change, and a sentence for each cell.

Rules: the most useful sentence comes first; a number in a sentence was found by asking the changed query; nothing is
guessed about what the technologist meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from hl7dicom_lab.counted import counted
from hl7dicom_lab.trace import Remark
from hl7dicom_lab.visible import visible

if TYPE_CHECKING:
    from hl7dicom_lab.views.query.explanation import JudgedStep, QueryExplanation, QueryKey

Mark = Literal["lets through", "keeps out", "ignored"]
SYMBOLS: dict[Mark, str] = {"lets through": "✓", "keeps out": "✗", "ignored": "–"}
LEGEND = "✓ lets the step through; ✗ keeps it out; – the RIS takes no notice of this key"
#: Sentences of one kind; what is left is in the table.
_MOST = 3
_LONGEST = 80


def headline(explained: QueryExplanation) -> str:
    """What the query comes to."""
    if explained.problem is not None:
        if explained.problem.status:
            return f"The RIS refuses this query with status {explained.problem.status}, so no step was judged."
        return "This query cannot be sent yet, so no step was judged."
    if not explained.booked:
        return "No step answers, because the order book is empty."
    steps, here = explained.steps, sum(step.on_worklist for step in explained.steps)
    gone = len(steps) - here
    left = f" {counted(gone, 'step')} {'has' if gone == 1 else 'have'} left the worklist." if gone else ""
    if not explained.answering:
        return f"No step answers: 0 of the {here} on the worklist.{left}"
    if len(explained.answering) == here > 1:
        return f"All {here} steps on the worklist answer.{left}"
    answering = len(explained.answering)
    return f"{answering} of the {counted(here, 'step')} on the worklist answer{_s(answering)}.{left}"


def findings(explained: QueryExplanation) -> tuple[str, ...]:
    """What to change, the most useful first."""
    if explained.problem is not None:
        problem = explained.problem
        place = f"{visible(problem.where)}: " if problem.where else ""
        return (f"{place}{visible(problem.what)}.", f"What to do: {visible(problem.next_step)}.")
    if not explained.booked:
        return ("Place an order first; or look in the trace for the ORM^O01 that should have come, and its answer.",)
    return (*_left(explained), *_without_one(explained), *_near(explained))


def _left(explained: QueryExplanation) -> Iterator[str]:
    """Steps that fit every key and are over."""
    over = [step for step in explained.steps if not step.on_worklist and not step.kept_out_by]
    for step in over[:_MOST]:
        yield f"{name(step)} fits every key, but is {step.item.status.value}: it has left the worklist."
    if len(over) > _MOST:
        yield f"{len(over) - _MOST} more fit every key and have left the worklist."


def _without_one(explained: QueryExplanation) -> Iterator[str]:
    """The keys that alone keep steps out; where there is none, the fewest that do it together."""
    total = len(explained.steps)
    judged = [place for place, key in enumerate(explained.keys) if not key.ignored]
    alone = {place: len(explained.would_answer_without(place)) for place in judged if explained.passes(place) < total}
    best = sorted((place for place in alone if alone[place]), key=lambda place: -alone[place])
    step = "more step" if explained.answering else "step"
    for place in best[:_MOST]:
        key, count = explained.keys[place], alone[place]
        if explained.passes(place):
            yield f"Without {asked(key)}, {counted(count, step)} would answer."
        else:
            yield f"No step fits {asked(key)}. Without this key, {counted(count, step)} would answer."
    if not best and not explained.answering:
        together = Counter(step.kept_out_by for step in explained.steps if step.on_worklist and step.kept_out_by)
        if together:
            fewest = min(together, key=lambda places: (len(places), -together[places], places))
            keys = _listed([asked(explained.keys[place]) for place in fewest])
            count = len(explained.would_answer_without(*fewest))
            yield f"To change one key is not enough. Without {keys} together, {counted(count, 'step')} would answer."


def _near(explained: QueryExplanation) -> Iterator[str]:
    """Where nothing answers: what nearly fits, one sentence for a key, on the steps that come nearest."""
    others = [step for step in explained.shown if step.on_worklist and not step.answers]
    if explained.answering or not others:
        return
    nearest = (step for step in others if len(step.kept_out_by) == len(others[0].kept_out_by))
    hints = [(step, {place: explained.hint(step, place) for place in step.kept_out_by}) for step in nearest]
    said: set[int] = set()
    for step, found in sorted(hints, key=lambda one: -sum(map(bool, one[1].values()))):
        for place, hint in found.items():
            if hint and place not in said and len(said) < _MOST:
                said.add(place)
                yield f"{facts(explained, step, place, name(step))} {visible(hint)}"


def notes(explained: QueryExplanation) -> tuple[str, ...]:
    """What is noteworthy about the query itself."""
    return tuple(_note(remark) for remark in explained.remarks)


def _note(remark: Remark) -> str:
    repair = f" Repair: {remark.repair}." if remark.repair else ""
    rule = f" ({remark.rule})" if remark.rule else ""
    return visible(f"{remark.what}{rule}.{repair}")


def name(step: JudgedStep) -> str:
    """A step as people call it."""
    number = visible(step.item.accession_number) or "a step without accession number"
    return f"{number} ({_short(step.item.patient_name) or 'no name'})"


def asked(key: QueryKey) -> str:
    """A key with its value."""
    return f"{key.label} '{_short(key.wanted)}'"


def start(step: JudgedStep) -> str:
    """When the step is to start, for people; the digits themselves where they are no date."""
    digits = step.item.start
    if not digits.isdigit() or len(digits) < 8:
        return visible(digits)
    day = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    return f"{day} {digits[8:10]}:{digits[10:12]}" if len(digits) >= 12 else f"{day} {digits[8:]}".rstrip()


def outcome(explained: QueryExplanation, step: JudgedStep, *, by_number: bool = False) -> str:
    """What became of a step: `answers`, or what keeps it out."""
    if step.answers:
        return "answers"
    reasons = [] if step.on_worklist else ["its status"]
    if by_number:
        reasons += [str(place + 1) for place in step.kept_out_by]
    else:
        reasons += [explained.keys[place].label for place in step.kept_out_by]
    return f"kept out by {', '.join(reasons) if by_number else _listed(reasons)}"


def mark(explained: QueryExplanation, step: JudgedStep, place: int) -> Mark:
    """The sign of a cell."""
    if explained.keys[place].ignored:
        return "ignored"
    return "lets through" if step.fits[place] else "keeps out"


def sentence(explained: QueryExplanation, step: JudgedStep, place: int) -> str:
    """One cell: wanted, found, and what is near."""
    return f"{facts(explained, step, place)} {visible(explained.hint(step, place))}".rstrip()


def facts(explained: QueryExplanation, step: JudgedStep, place: int, who: str = "") -> str:
    """What a key asks for and what a step has; cut where the step is named, as in a list."""
    key, cut = explained.keys[place], _short if who else visible
    found = f"'{cut(step.found[place])}'" if step.found[place] else "no value"
    return f"{key.label}: the query asks for '{cut(key.wanted)}', {who or 'the step'} has {found}."


def rule(key: QueryKey) -> str:
    """How a key is matched, and where the standard says so."""
    return visible(f"{key.rule} ({key.section})")


def status_sentence(step: JudgedStep) -> str:
    """The cell of the status."""
    if step.on_worklist:
        return f"The step is {step.item.status.value}: it is on the worklist, so a query can find it."
    return f"The step is {step.item.status.value}: it has left the worklist, and no query finds it."


def let_through(explained: QueryExplanation, place: int) -> str:
    """How much a key lets through."""
    key = explained.keys[place]
    return "not used" if key.ignored else f"lets {explained.passes(place)} of {len(explained.steps)} through"


def not_shown(explained: QueryExplanation) -> str:
    """What the table leaves out; "" where it is complete."""
    left = len(explained.steps) - len(explained.shown)
    more = counted(left, "more step")
    return f"{more} {'is' if left == 1 else 'are'} not in the table; all are counted." if left else ""


def returned(explained: QueryExplanation) -> str:
    """The keys that keep nothing out, in one line."""
    keys = counted(len(explained.without_value), "key")
    return f"{keys} without a value: everything fits, and the value comes back"


def state(explained: QueryExplanation) -> Mapping[str, Any]:
    """What the widget draws, as JSON values."""
    places = range(len(explained.keys))
    return {
        "headline": headline(explained),
        "refused": explained.problem is not None,
        "findings": list(findings(explained)),
        "notes": list(notes(explained)),
        "legend": LEGEND,
        "total": len(explained.steps),
        "keys": [
            {
                "label": key.label,
                "place": key.place,
                "inStep": key.in_step,
                "wanted": visible(key.wanted),
                "passes": explained.passes(place),
                "counted": let_through(explained, place),
                "ignored": key.ignored,
                "rule": rule(key),
            }
            for place, key in enumerate(explained.keys)
        ],
        "steps": [_row(explained, step, places) for step in explained.shown],
        "notShown": not_shown(explained),
        "returned": returned(explained),
        "withoutValue": [visible(path) for path in explained.without_value],
    }


def _row(explained: QueryExplanation, step: JudgedStep, places: range) -> dict[str, Any]:
    return {
        "patient": visible(step.item.patient_name),
        "accession": visible(step.item.accession_number),
        "start": start(step),
        "status": step.item.status.value,
        "onWorklist": step.on_worklist,
        "statusSentence": status_sentence(step),
        "answers": step.answers,
        "outcome": outcome(explained, step),
        "shortOutcome": outcome(explained, step, by_number=True),
        "cells": [
            {
                "mark": mark(explained, step, place),
                "found": visible(step.found[place]),
                "sentence": sentence(explained, step, place),
            }
            for place in places
        ],
    }


def _short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _s(count: int) -> str:
    """The s of a verb."""
    return "s" if count == 1 else ""


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""
