"""Why a worklist query finds what it finds: each step on the order book against each key (PS3.4 Annex K).

Clinical step: "she is sitting here, and she is not on my list". Rules: a query is judged as it arrives at the RIS, so
what is called an answer here is one on the wire too; a query that the standard forbids is explained and judges no
step; the learner's own data set stays as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any, ClassVar

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode as encode_with_replacements

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_keys import ONE_PERIOD
from hl7dicom_lab.dicom.worklist_model import STEP, WORKLIST_MODEL
from hl7dicom_lab.dicom.worklist_query import CompiledQuery, KeyVerdict
from hl7dicom_lab.errors import CannotEncode, DicomFault
from hl7dicom_lab.mapping.attributes import put
from hl7dicom_lab.model import WorklistItem
from hl7dicom_lab.trace import Remark
from hl7dicom_lab.views.query.near_misses import near_miss
from hl7dicom_lab.views.view import View

#: Rows of the table: of a long book, the steps that answer, and the nearest of the others.
MOST_ANSWERS, MOST_OTHERS = 200, 40
_UNIVERSAL = "universal matching"
#: Where PS3.4 describes a type of matching, by its first words.
_SECTIONS = {
    ONE_PERIOD: "Table K.6-1",
    "range matching": "section C.2.2.2.5",
    "wild card matching": "section C.2.2.2.4",
    "list of UID matching": "section C.2.2.2.2",
    "single value matching": "section C.2.2.2.1",
}


@dataclass(frozen=True)
class Problem:
    """Why no step was judged. `status` is what the RIS answers; "" where the query cannot even be sent."""

    where: str
    what: str
    next_step: str
    status: str = ""


@dataclass(frozen=True)
class QueryKey:
    """One key with a value; a range of dates and a range of times that make one period are one key."""

    paths: tuple[str, ...]
    wanted: str
    rule: str

    @property
    def label(self) -> str:
        """Its keyword, with the sequence that it stands in unless that is the step's."""
        return " and ".join(path.removeprefix(f"{STEP}.") for path in self.paths)

    @property
    def in_step(self) -> bool:
        """Whether it stands in ScheduledProcedureStepSequence."""
        return self.paths[0].startswith(f"{STEP}.")

    @property
    def place(self) -> str:
        """Where it stands in the query."""
        return "in the step's item" if self.in_step else "at the root"

    @property
    def ignored(self) -> bool:
        """Whether the worklist takes no notice of its value."""
        row = WORKLIST_MODEL.get(self.paths[0])
        return row is None or row.matching == "-"

    @property
    def section(self) -> str:
        """Where the standard says how it is matched."""
        return f"PS3.4 {next((one for words, one in _SECTIONS.items() if self.rule.startswith(words)), 'Table K.6-1')}"


@dataclass(frozen=True)
class JudgedStep:
    """One step of the order book: what it has for each key, and whether that fits."""

    item: WorklistItem
    found: tuple[str, ...]
    fits: tuple[bool, ...]

    @property
    def kept_out_by(self) -> tuple[int, ...]:
        """The keys that it does not fit, by their place."""
        return tuple(place for place, fits in enumerate(self.fits) if not fits)

    @property
    def on_worklist(self) -> bool:
        """Whether a query reaches it at all."""
        return self.item.status.on_worklist

    @property
    def answers(self) -> bool:
        """Whether the query gets it."""
        return self.on_worklist and all(self.fits)


@dataclass(frozen=True, repr=False)
class QueryExplanation(View):
    """What `lab.ris.explain` shows. `steps` are all of the order book, answers first, then the nearest."""

    widget: ClassVar[str] = "query_explanation"

    keys: tuple[QueryKey, ...] = ()
    without_value: tuple[str, ...] = ()
    steps: tuple[JudgedStep, ...] = ()
    remarks: tuple[Remark, ...] = ()
    problem: Problem | None = None
    query: bytes = field(default=b"", repr=False)
    booked: int = 0

    @classmethod
    def of(cls, query: Any, items: Iterable[WorklistItem]) -> QueryExplanation:
        """Judge every item. What is wrong with the query is shown, not raised."""
        booked = tuple(items)
        if problem := _unfinished(query):
            return cls(problem=problem, booked=len(booked))
        remarks = list(_misspelt(query))
        try:
            raw, lost = _on_the_wire(query)
            remarks += lost
            compiled = CompiledQuery(data_set.read(raw))
        except DicomFault as fault:
            problem = Problem(fault.where, fault.what, fault.next_step, f"0x{fault.status:04X}")
            return cls(problem=problem, remarks=tuple(remarks), booked=len(booked))
        except (ValueError, TypeError, AttributeError) as error:
            problem = Problem("", f"it cannot be written as a data set ({error})", "give each key a text as its value")
            return cls(problem=problem, remarks=tuple(remarks), booked=len(booked))
        asked = compiled.explain(Dataset())
        groups = _groups(asked)
        return cls(
            keys=tuple(_key(asked, group) for group in groups),
            without_value=tuple(one.path for one in asked if not one.wanted or one.rule == _UNIVERSAL),
            steps=tuple(sorted((_judged(compiled, groups, item) for item in booked), key=_nearest_first)),
            remarks=(*remarks, *compiled.remarks),
            query=raw,
            booked=len(booked),
        )

    def about(self, accession_number: str) -> QueryExplanation:
        """The same, with the steps of one examination only."""
        return replace(self, steps=tuple(one for one in self.steps if one.item.accession_number == accession_number))

    def __repr__(self) -> str:
        if self.problem:
            return "<QueryExplanation, the query is not answered>"
        return f"<QueryExplanation, {len(self.answering)} of {len(self.steps)} steps answer>"

    @cached_property
    def answering(self) -> tuple[JudgedStep, ...]:
        """The steps that the query gets."""
        return tuple(step for step in self.steps if step.answers)

    @property
    def shown(self) -> tuple[JudgedStep, ...]:
        """The rows of the table."""
        others = self.steps[len(self.answering) :]
        return (*self.answering[:MOST_ANSWERS], *others[:MOST_OTHERS])

    def passes(self, place: int) -> int:
        """How many steps of the order book a key lets through."""
        return sum(step.fits[place] for step in self.steps)

    def would_answer_without(self, *places: int) -> tuple[JudgedStep, ...]:
        """The further steps that the same query would get without the values of some keys: asked, not estimated."""
        query = data_set.read(self.query)
        for path in (path for place in places for path in self.keys[place].paths):
            *sequences, keyword = path.split(".")
            level = query
            for sequence in sequences:
                level = level[sequence].value[0]
            setattr(level, keyword, None)
        compiled = CompiledQuery(query)
        near = (step for step in self.steps if step.on_worklist and 0 < len(step.kept_out_by) <= len(places))
        return tuple(step for step in near if compiled.matches(data_set.read(step.item.data_set)))

    def hint(self, step: JudgedStep, place: int) -> str:
        """What nearly fits; "" where the key fits or nothing is near."""
        key = self.keys[place]
        if step.fits[place] or len(key.paths) > 1:
            return ""
        return near_miss(key.paths[0], key.wanted, step.found[place], data_set.read(step.item.data_set))

    def text(self) -> str:
        """Findings, keys and steps as lines of at most 110 columns."""
        from hl7dicom_lab.views.query.text_form import text

        return text(self)

    def html(self) -> str:
        """Findings and the grid as a table."""
        from hl7dicom_lab.views.query.html_form import html

        return html(self)

    def state(self) -> Mapping[str, Any]:
        """What the widget draws."""
        from hl7dicom_lab.views.query.words import state

        return state(self)


def with_keys(query: Any, keys: Mapping[str, str]) -> Any:
    """A copy of a query with further keys, each where the worklist has it; the root for one that it does not have.

    What is no query stays what it is, to be explained.
    """
    if query is not None and not isinstance(query, Dataset):
        return query
    asked = Dataset() if query is None else deepcopy(query)
    for keyword, value in keys.items():
        path = (
            f"{STEP}.{keyword}" if keyword not in WORKLIST_MODEL and f"{STEP}.{keyword}" in WORKLIST_MODEL else keyword
        )
        if tag_for_keyword(keyword) is None:
            object.__setattr__(asked, keyword, value)  # as an assignment would: it is told as misspelt
        else:
            put(asked, path, value)
    return asked


def _nearest_first(step: JudgedStep) -> tuple[bool, int, bool, str]:
    return not step.answers, len(step.kept_out_by), not step.on_worklist, step.item.start


def _groups(asked: Sequence[KeyVerdict]) -> tuple[tuple[int, ...], ...]:
    """The verdicts that belong to keys with a value, each by its place; the two of one period together."""
    period = tuple(place for place, one in enumerate(asked) if one.rule == ONE_PERIOD)
    single = [(place,) for place, one in enumerate(asked) if one.wanted and one.rule not in (_UNIVERSAL, ONE_PERIOD)]
    return tuple(sorted([*single, period] if period else single))


def _key(asked: Sequence[KeyVerdict], group: tuple[int, ...]) -> QueryKey:
    verdicts = [asked[place] for place in group]
    return QueryKey(tuple(one.path for one in verdicts), " and ".join(one.wanted for one in verdicts), verdicts[0].rule)


def _judged(compiled: CompiledQuery, groups: Sequence[tuple[int, ...]], item: WorklistItem) -> JudgedStep:
    verdicts = compiled.explain(data_set.read(item.data_set))
    found = tuple(" and ".join(verdicts[place].found for place in group) for group in groups)
    return JudgedStep(item, found, tuple(all(verdicts[place].matched for place in group) for group in groups))


def _unfinished(query: Any) -> Problem | None:
    """What is no query yet: something else than a data set, or one with a `...` in it."""
    if query is ...:
        return Problem("", "there is still `...` in the place of the query", "put your query there, a Dataset")
    if not isinstance(query, Dataset):
        what = f"a query is a Dataset, and this is of type {type(query).__name__}"
        return Problem("", what, "make one: query = Dataset(), then give it keys such as query.PatientName")
    for place, level in _levels(query):
        for element in level:
            if element.value is ...:
                step = 'put a value in its place, or "" to have it returned'
                return Problem(f"{place}{element.keyword}", "its value is still `...`", step)
    return None


def _levels(query: Dataset, place: str = "") -> Iterable[tuple[str, Dataset]]:
    """A query and the items in it."""
    yield place, query
    for element in query:
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _levels(item, f"{place}{element.keyword}.")


def _misspelt(query: Dataset) -> Iterable[Remark]:
    """Names that pydicom took as plain Python attributes: they are no keywords of DICOM, so they are not sent."""
    known = {path.rpartition(".")[2].lower(): path.rpartition(".")[2] for path in WORKLIST_MODEL}
    for place, level in _levels(query):
        for name in vars(level):
            near = get_close_matches(name.lower(), known, 1)
            if name[:1].isupper() or (near and not name.startswith("_")):
                what = f"{place}{name} is no keyword of DICOM, so it is not in the query that is sent"
                repair = f"perhaps {known[near[0]]} is meant" if near else "look up how the keyword is written"
                yield Remark(what, "PS3.6 chapter 6", repair, "warning")


def _on_the_wire(query: Dataset) -> tuple[bytes, tuple[Remark, ...]]:
    """The query as it arrives, and what was lost on the way."""
    try:
        return data_set.encode(query), ()
    except CannotEncode as error:
        lost = Remark(
            f"{error.where}: {error.what}; sent all the same, each such character becomes ?, which is a wild card",
            "PS3.4 section K.4.1.1.3.1",
            error.next_step,
            "warning",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sent = encode_with_replacements(query, False, True)
    return sent or b"", (lost,)
