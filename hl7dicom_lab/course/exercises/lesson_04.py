"""Lesson 04: queries for the worklist. Each is sent over an association, and what comes back is looked at.

Rule: a query is right when it finds the steps that it should, and would find no others: beside the steps of the day,
some that are not there are held against it, so that a key that is too wide by accident is seen.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab import story_day
from hl7dicom_lab.course.exercise import Exercise, Mistake, Unfinished, call
from hl7dicom_lab.course.verdict import Verdict, right, wrong
from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.dicom.worklist_model import STEP, WORKLIST_MODEL, right_place
from hl7dicom_lab.dicom.worklist_query import explain_match, matches
from hl7dicom_lab.errors import CannotEncode, DicomFault, Refused
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import WorklistItem

_TODAY, _TOMORROW = "20260302", "20260303"
_DATE = "ScheduledProcedureStepStartDate"
_ELENA = "NG000001"


@dataclass(frozen=True)
class _Answer:
    """What a query brought: accession numbers of the steps found, and the verdict where there is one already."""

    query: Dataset
    found: tuple[str, ...] = ()
    verdict: Verdict | None = None


def _ask(lab: Lab, query: Any) -> _Answer:
    """Send the learner's query; with the accession number as a return key, by which the steps are told apart."""
    if not isinstance(query, Dataset):
        words = f"The check expects a query, a Dataset of pydicom. This is a value of type {type(query).__name__}."
        return _Answer(Dataset(), verdict=wrong("no data set", words))
    if len(query) == 0 or any(value is ... for _, value in _keys(query)):
        raise Unfinished
    if (verdict := _no_text(query)) is not None:
        return _Answer(query, verdict=verdict)
    asked = deepcopy(query)
    if "AccessionNumber" not in asked:
        asked.AccessionNumber = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the learner has seen it; the RIS says what is wrong with the value
            items = lab.modality.query(asked)
    except (Refused, CannotEncode) as problem:
        return _Answer(query, verdict=_refused(query, problem))
    return _Answer(query, tuple(str(item.AccessionNumber) for item in items), _misplaced(query))


def _refused(query: Dataset, problem: Refused | CannotEncode) -> Verdict:
    """The RIS says no. Its comment names the value; `explain_match` says the same with the key."""
    try:
        explain_match(query, Dataset())
    except DicomFault as fault:
        about_date = fault.keyword == _DATE
        form = "A date is eight digits; a range is two dates with one hyphen between them, without spaces."
        key = f"{fault.where.rpartition('.')[2]}: {fault.what.removesuffix('.')}."
        advice = form if about_date else f"Next step: {fault.next_step}."
        words = f"The RIS refuses the query with status 0xA900. {key} {advice}"
        return wrong("date form" if about_date else "refused", words)
    return wrong("refused", f"There is no list: {problem}")


def _misplaced(query: Dataset) -> Verdict | None:
    """A key that stands where the worklist has no such key, with where it belongs."""
    for path, _ in _keys(query):
        keyword = path.rpartition(".")[2]
        try:
            belongs = "" if path in WORKLIST_MODEL else right_place(keyword, path) or "root"
        except KeyError:
            continue
        if belongs:
            here = "in the item of the sequence" if "." in path else "at the root of the query"
            there = "at the root" if belongs == "root" else f"in the item of {belongs}"
            words = f"{keyword} stands {here}; it belongs {there}. In the wrong place it is no key: everything fits."
            return wrong(f"{keyword} misplaced", words)
    return None


def _no_text(query: Dataset) -> Verdict | None:
    """A key whose value is a number in Python: all keys of these exercises are text."""
    for path, value in _keys(query):
        if isinstance(value, (int, float)):
            keyword = path.rpartition(".")[2]
            return wrong(
                "number", f'{keyword} is the number {value}. Its value is text, in quotation marks: "{value}".'
            )
    return None


def _keys(query: Dataset, before: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of a query that have a value, by their path, with the value."""
    for element in query:
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _keys(item, f"{before}{element.keyword}.")
        elif element.value not in (None, ""):
            yield f"{before}{element.keyword}", element.value


def _step_key(query: Dataset) -> Dataset:
    """The item of ScheduledProcedureStepSequence; an empty one where there is none."""
    items = query.get(STEP)
    return items[0] if items else Dataset()


def _value(query: Dataset, keyword: str) -> str:
    """The value of a key, in the step's item or at the root; empty where it has none."""
    return str(_step_key(query).get(keyword) or query.get(keyword) or "")


def _held(lab: Lab, accession_number: str, *, name: str = "", date: str = "") -> Dataset:
    """A step as the RIS holds it; or, with another name or day, one that a query must not find."""
    item = read_data_set(lab.ris.step(accession_number).data_set, ExplicitVRLittleEndian)
    item.PatientName = name or str(item.PatientName)
    if date:
        _step_key(item).ScheduledProcedureStepStartDate = date
    return item


def _on_list(lab: Lab, wanted: Callable[[WorklistItem], bool]) -> set[str]:
    """Accession numbers of the steps that are on the worklist and wanted."""
    return {step.accession_number for step in lab.ris.steps() if wanted(step)}


def _named(lab: Lab, accession_number: str) -> str:
    """A step in words, as feedback tells of it."""
    step = lab.ris.step(accession_number)
    day = {_TODAY: "today", _TOMORROW: "tomorrow"}.get(step.start[:8], step.start[:8])
    return f"{step.patient_name.partition('=')[0]} ({step.modality}, {day})"


def _too_few(lab: Lab, answer: _Answer, expected: set[str]) -> Verdict | None:
    """A step that should be found, and which key keeps it out."""
    missing = min(expected - set(answer.found), default="")
    if not missing:
        return None
    told = f"The query finds {len(answer.found)}, and misses {_named(lab, missing)}."
    return wrong("not found", f"{told} {_kept_out(answer.query, _held(lab, missing))}")


def _kept_out(query: Dataset, item: Dataset) -> str:
    """The keys that keep a step out, in words."""
    keys = [key for key in explain_match(query, item) if not key.matched]
    words = "{} asks for {!r}, and the step has {!r}."
    return " ".join(words.format(key.path.rpartition(".")[2], key.wanted, key.found) for key in keys)


def _too_many(lab: Lab, answer: _Answer, expected: set[str], mistake: str, advice: str) -> Verdict | None:
    """A step that should not be found."""
    surplus = min(set(answer.found) - expected, default="")
    return wrong(mistake, f"The list shows {_named(lab, surplus)} too. {advice}") if surplus else None


def _not_returned(query: Dataset, *keywords: str) -> Verdict | None:
    """A return key that is missing; the start date stands in the step's item only."""
    for keyword in keywords:
        if keyword not in (_step_key(query) if keyword == _DATE else query):
            words = f"{keyword} does not come back, because it is not in the query. An empty key asks for it."
            return wrong(f"{keyword} not asked for", words)
    return None


def _open_ended(lab: Lab, query: Dataset, *days: str) -> Verdict | None:
    """A date key that covers days beside those that are wanted, although the list does not show it today."""
    if not any(matches(query, _held(lab, _ELENA, date=day)) for day in days):
        return None
    return wrong("other days", f"{_DATE} {_value(query, _DATE)!r} covers other days too. Give both ends, or one day.")


def _check_today(lab: Lab, query: Any) -> Verdict:
    if isinstance(query, Dataset) and not any(_value(query, keyword) for keyword in (_DATE, "Modality")):
        raise Unfinished
    answer = _ask(lab, query)
    mr = _on_list(lab, lambda step: step.modality == "MR")
    expected = _on_list(lab, lambda step: step.modality == "MR" and step.start.startswith(_TODAY))
    kind = "Modality, in the step's item, keeps to one kind of examination."
    day = f"{_DATE}, in the step's item, keeps to one day."
    return (
        answer.verdict
        or _too_few(lab, answer, expected)
        or _too_many(lab, answer, mr, "modality missing", kind)
        or _too_many(lab, answer, expected, "day missing", day)
        or _open_ended(lab, query, "20260301", "20260304")
        or _not_returned(query, "PatientName")
        or right(f"The RIS answers with {len(expected)} steps: MR, today, and nobody else.")
    )


def _check_riveras(lab: Lab, query: Any) -> Verdict:
    answer = _ask(lab, query)
    expected = _on_list(lab, lambda step: step.patient_name.startswith("Rivera^"))
    return (
        answer.verdict
        or _about_stars(answer)
        or _too_few(lab, answer, expected)
        or _too_many(lab, answer, expected, "everybody", "Which key says that the family name is Rivera?")
        or _too_narrow(lab, query)
        or _not_returned(query, "PatientName", "AccessionNumber")
        or right(f"The RIS answers with {len(expected)} steps of two patients.{_more_than_riveras(lab, query)}")
    )


def _about_stars(answer: _Answer) -> Verdict | None:
    name = _value(answer.query, "PatientName")
    if name.startswith("*") and name.strip("*"):
        words = f"{name!r} begins with *: anything may stand in front, so Rivera need not be the family name."
        return wrong("star in front", f"{words} In a name the family name comes first.")
    if name and "*" not in name and not answer.found:
        words = f"{name!r} has no *, so it has to be the whole name, with given name and all. Nobody has it."
        return wrong("no wild card", words)
    return None


def _too_narrow(lab: Lab, query: Dataset) -> Verdict | None:
    if matches(query, _held(lab, _ELENA, name="Rivera^N", date="20260309")):
        return None
    return wrong("too narrow", "A Rivera on another day, or with another given name, would be missed. Take a key away.")


def _more_than_riveras(lab: Lab, query: Dataset) -> str:
    wide = matches(query, _held(lab, _ELENA, name="Riveras^N"))
    return " It would find the family name Riveras as well; with ^ before the * it would not." if wide else ""


def _check_repaired(lab: Lab, query: Any) -> Verdict:
    answer = _ask(lab, query)
    step = lab.ris.order_book.steps(patient_id=story_day.MARCO_RIVERA.identifier.value)[0]
    marco = step.item.accession_number
    return (
        answer.verdict
        or _given_up(query)
        or _still_kept_out(answer, marco, _held(lab, marco))
        or _not_he_alone(answer, _held(lab, marco, name="Rivera^N"))
        or right("Marco Rivera is found: by the scanner's AE title, and by his name as it is stored.")
    )


def _given_up(query: Dataset) -> Verdict | None:
    for keyword in ("PatientName", "ScheduledStationAETitle"):
        if not _value(query, keyword).strip("*"):
            words = f"{keyword} has no value any more: the query no longer asks by it. Give it the value that fits."
            return wrong("key given up", words)
    return None


def _still_kept_out(answer: _Answer, marco: str, item: Dataset) -> Verdict | None:
    if marco in answer.found:
        return None
    told = _kept_out(answer.query, item)
    return wrong("both left" if told.count("asks for") > 1 else "one left", f"Marco Rivera is still kept out. {told}")


def _not_he_alone(answer: _Answer, other: Dataset) -> Verdict | None:
    if len(answer.found) == 1 and not matches(answer.query, other):
        return None
    words = "Marco Rivera is found, and another Rivera at the CT would be as well. Give more of his name."
    return wrong("not he alone", words)


def _check_period(lab: Lab, function: Any) -> Verdict:
    for modality, first, last in (("MR", _TODAY, _TOMORROW), ("CT", _TODAY, _TOMORROW), ("MR", _TOMORROW, _TOMORROW)):
        told = _one_period(lab, call(function, modality, first, last), modality, first, last)
        if told is not None:
            return wrong(told.mistake, f"For {modality!r}, {first!r}, {last!r}: {told.words}")
    return right("Your function asks for any modality and any days, and finds what is scheduled then, nothing else.")


def _one_period(lab: Lab, query: Any, modality: str, first: str, last: str) -> Verdict | None:
    answer = _ask(lab, query)
    expected = _on_list(lab, lambda step: step.modality == modality and first <= step.start[:8] <= last)
    return (
        answer.verdict
        or _too_few(lab, answer, expected)
        or _too_many(lab, answer, expected, "too much", "Do modality, first and last all stand in the query?")
        or (_open_ended(lab, query, "20260228", "20260309") if modality == "MR" else None)
        or _not_returned(query, "PatientName", "AccessionNumber", _DATE)
    )


#: pydicom warns of a value that its VR does not allow; a learner sees that above the verdict.
_QUIET = "import warnings\nwarnings.simplefilter('ignore')\n"
_MR = 'step.Modality = "MR"'
_ON = f'step.{_DATE} = "{_TODAY}"'
_NUMBER = 'riveras.AccessionNumber = ""'


def _today(*lines: str) -> str:
    begin = ("from pydicom import Dataset", "", "step = Dataset()", "mr_today = Dataset()", 'mr_today.PatientName = ""')
    return "\n".join([*begin, *lines, "mr_today.ScheduledProcedureStepSequence = [step]"])


def _riveras(*lines: str) -> str:
    return "\n".join(["from pydicom import Dataset", "", "riveras = Dataset()", *lines])


def _repaired(name: str, station: str) -> str:
    return f"""from pydicom import Dataset

step = Dataset()
step.Modality = "CT"
step.{_DATE} = "{_TODAY}"
step.ScheduledStationAETitle = "{station}"
repaired = Dataset()
repaired.PatientName = "{name}"
repaired.AccessionNumber = ""
repaired.ScheduledProcedureStepSequence = [step]"""


def _period(date: str, *, modality: str = "modality", number: str = 'query.AccessionNumber = ""') -> str:
    return f"""from pydicom import Dataset


def worklist_query(modality, first, last):
    step = Dataset()
    step.Modality = {modality}
    step.{_DATE} = {date}
    query = Dataset()
    query.PatientName = ""
    {number}
    query.ScheduledProcedureStepSequence = [step]
    return query"""


_E1 = Exercise(
    id="04-e1",
    title="Ask for today's MR examinations",
    answer="mr_today",
    check=_check_today,
    hints=(
        "Two attributes of the step decide: its modality and its start date. Look them up in the table above.",
        "Both stand in the step's item, so both lines begin with `step.`, not with `mr_today.`",
        f'The first line is step.Modality = "MR". The second gives step.{_DATE} the value "{_TODAY}".',
    ),
    solution=_today(_MR, _ON),
    mistakes=(
        Mistake(
            "Modality misplaced",
            _today(_ON, 'mr_today.Modality = "MR"'),
            "Modality stands at the root of the query; it belongs in the item of ScheduledProcedureStepSequence",
        ),
        Mistake(f"{_DATE} misplaced", _today(_MR, f'mr_today.{_DATE} = "{_TODAY}"'), f"{_DATE} stands at the root"),
        Mistake("number", _QUIET + _today(_MR, f"step.{_DATE} = {_TODAY}"), "Its value is text, in quotation marks"),
        Mistake("date form", _QUIET + _today(_MR, f'step.{_DATE} = "2026-03-02"'), "A date is eight digits"),
        Mistake("day missing", _today(_MR), "shows Haddad^Samir (MR, tomorrow) too"),
        Mistake("modality missing", _today(_ON), "keeps to one kind"),
        Mistake("not found", _today('step.Modality = "MRI"', _ON), "Modality asks for 'MRI'"),
        Mistake("other days", _today(_MR, f'step.{_DATE} = "-{_TODAY}"'), "covers other days too"),
    ),
)
_E2 = Exercise(
    id="04-e2",
    title="Find everybody named Rivera",
    answer="riveras",
    check=_check_riveras,
    hints=(
        "Two lines on riveras: a matching key for the name, and a return key for what has to come back.",
        "A name begins with the family name. What follows it may be anything, and * stands for that.",
        'riveras.PatientName = "Rivera^*" is the matching key. The return key is AccessionNumber, and it is empty.',
    ),
    solution=_riveras('riveras.PatientName = "Rivera^*"', _NUMBER),
    mistakes=(
        Mistake("no wild card", _riveras('riveras.PatientName = "Rivera"', _NUMBER), "it has to be the whole name"),
        Mistake("star in front", _riveras('riveras.PatientName = "*Rivera"', _NUMBER), "the family name comes first"),
        Mistake("AccessionNumber not asked for", _riveras('riveras.PatientName = "Rivera*"'), "An empty key asks"),
        Mistake("not found", _riveras('riveras.PatientName = "Rivera^Elena*"', _NUMBER), "misses Rivera^Marco (CT"),
        Mistake("everybody", _riveras('riveras.PatientName = "*"', _NUMBER), "says that the family name is Rivera"),
    ),
)
_E3 = Exercise(
    id="04-e3",
    title="Repair a query that finds nobody",
    answer="repaired",
    check=_check_repaired,
    hints=(
        'First find him: marco = ask(make_query(name="Rivera^M*"))[0]. Then compare him with the query.',
        "The name is stored as family^given. CT1 is the name of the station; the key asks for its AE title.",
        'Call make_query with name="Rivera^Marco*", the same day and modality, and station="NORTHGATE_CT1".',
    ),
    solution=_repaired("Rivera^Marco*", "NORTHGATE_CT1"),
    mistakes=(
        Mistake("both left", _repaired("RIVERA, MARCO", "CT1"), "asks for 'RIVERA, MARCO'"),
        Mistake("one left", _repaired("Rivera^Marco", "CT1"), "ScheduledStationAETitle asks for 'CT1'"),
        Mistake("key given up", _repaired("Rivera^Marco", ""), "ScheduledStationAETitle has no value any more"),
        Mistake("refused", _repaired("Rivera^Marco", "NORTHGATE_CT*"), "matched by a single value only"),
        Mistake("not he alone", _repaired("Rivera*", "NORTHGATE_CT1"), "Give more of his name"),
    ),
)
_E4 = Exercise(
    id="04-e4",
    title="Write a query for several days",
    answer="worklist_query",
    check=_check_period,
    hints=(
        "Build the query as in make_query: a step, a query, the step in square brackets. Where values stood, write "
        "modality, first and last, without quotation marks.",
        'Several days are one key with a range: both ends and a hyphen between them, joined with + "-" +.',
        f'step.Modality = modality and step.{_DATE} = first + "-" + last. The query has PatientName and '
        "AccessionNumber, both empty, and the step.",
    ),
    solution=_period('first + "-" + last'),
    mistakes=(
        Mistake("date form", _QUIET + _period('first + " - " + last'), "one hyphen between them"),
        Mistake("not found", _period("first"), "misses Haddad^Samir (MR, tomorrow)"),
        Mistake("too much", _period('first + "-" + last', modality='""'), "Do modality, first and last"),
        Mistake("other days", _period('first + "-"'), "covers other days too"),
        Mistake("AccessionNumber not asked for", _period('first + "-" + last', number="pass"), "does not come back"),
    ),
)

EXERCISES = (_E1, _E2, _E3, _E4)
