"""Lesson 04: the exercises on worklist queries. How a query is sent and looked at stands in `worklist_answers.py`.

Rule: a query is right when it finds the steps that it should, and would find no others on another day.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from hl7dicom_lab import story_day
from hl7dicom_lab.course.exercise import Exercise, Mistake, Unfinished, call
from hl7dicom_lab.course.exercises.worklist_answers import (
    DATE,
    ELENA,
    TODAY,
    TOMORROW,
    Answer,
    ask,
    held,
    kept_out,
    keys,
    narrowed,
    not_returned,
    on_list,
    other_days,
    step_key,
    too_few,
    too_many,
    value,
)
from hl7dicom_lab.dicom.worklist_model import STEP
from hl7dicom_lab.dicom.worklist_query import matches
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.verdict import Verdict, right, wrong

#: Family names that a key for Rivera must not find; nobody of these is on the list today.
_OTHER_FAMILIES = ("Rivers", "Rivas", "Rossi", "Livera", "Rovera")


def _check_today(lab: Lab, query: Any) -> Verdict:
    answer = ask(lab, query)
    if answer.verdict:
        return answer.verdict
    if not query.get(STEP):
        words = (
            f"The query has no {STEP}, so nothing is asked about the step. Put [step] into it, as in the cell above."
        )
        return wrong("no step", words)
    if not len(step_key(query)) and not any(keys(query)):
        raise Unfinished
    mr = on_list(lab, lambda step: step.modality == "MR")
    expected = on_list(lab, lambda step: step.modality == "MR" and step.start.startswith(TODAY))
    kind = "Modality, in the step's item, keeps to one kind of examination."
    day = f"{DATE}, in the step's item, keeps to one day."
    return (
        too_few(lab, answer, expected)
        or too_many(lab, answer, mr, "modality missing", kind)
        or too_many(lab, answer, expected, "day missing", day)
        or other_days(lab, answer.query, "20260301", "20260304")
        or narrowed(lab, answer.query, DATE, "Modality")
        or not_returned(answer.query, "PatientName")
        or right(f"The RIS answers with {len(expected)} steps: MR, today, and nobody else.")
    )


def _check_riveras(lab: Lab, query: Any) -> Verdict:
    answer = ask(lab, query)
    expected = on_list(lab, lambda step: step.patient_name.startswith("Rivera^"))
    return (
        answer.verdict
        or _about_stars(answer)
        or too_few(lab, answer, expected)
        or too_many(lab, answer, expected, "everybody", "Which key says that the family name is Rivera?")
        or _other_families(lab, answer.query)
        or _given_names(lab, answer.query)
        or narrowed(lab, answer.query, "PatientName")
        or not_returned(answer.query, "PatientName", "AccessionNumber")
        or right(f"The RIS answers with {len(expected)} steps of two patients.{_more_than_riveras(lab, answer.query)}")
    )


def _about_stars(answer: Answer) -> Verdict | None:
    name = value(answer.query, "PatientName")
    if name.startswith("*") and name.strip("*"):
        words = f"{name!r} begins with *: anything may stand in front, so Rivera need not be the family name."
        return wrong("star in front", f"{words} In a name the family name comes first.")
    if name and "*" not in name and not answer.found:
        words = f"{name!r} has no *, so it has to be the whole name, with given name and all. Nobody has it."
        return wrong("no wild card", words)
    return None


def _other_families(lab: Lab, query: Dataset) -> Verdict | None:
    for family in _OTHER_FAMILIES:
        if matches(query, held(lab, ELENA, name=f"{family}^N")):
            told = f"{value(query, 'PatientName')!r} would find the family name {family} too."
            return wrong("too wide", f"{told} Write the whole family name, then the * for what follows.")
    return None


def _given_names(lab: Lab, query: Dataset) -> Verdict | None:
    if matches(query, held(lab, ELENA, name="Rivera^N")):
        return None
    told = f"{value(query, 'PatientName')!r} would miss a Rivera with another given name."
    return wrong("given name", f"{told} What follows the family name may be anything.")


def _more_than_riveras(lab: Lab, query: Dataset) -> str:
    wide = matches(query, held(lab, ELENA, name="Riveras^N"))
    return " It would find the family name Riveras as well; with ^ before the * it would not." if wide else ""


def _check_repaired(lab: Lab, query: Any) -> Verdict:
    answer = ask(lab, query)
    step = lab.ris.order_book.steps(patient_id=story_day.MARCO_RIVERA.identifier.value)[0]
    marco = step.item.accession_number
    return (
        answer.verdict
        or _given_up(answer.query)
        or _still_kept_out(answer, marco, held(lab, marco))
        or _not_he_alone(lab, answer, marco)
        or right("Marco Rivera is found: by the scanner's AE title, and by his name as it is stored.")
    )


def _given_up(query: Dataset) -> Verdict | None:
    for keyword in ("PatientName", "ScheduledStationAETitle"):
        if not value(query, keyword).strip("*"):
            words = f"{keyword} has no value any more: the query no longer asks by it. Give it the value that fits."
            return wrong("key given up", words)
    return None


def _still_kept_out(answer: Answer, marco: str, item: Dataset) -> Verdict | None:
    if marco in answer.found:
        return None
    told = kept_out(answer.query, item) or "His step is over. Run the first cell of the lesson, and go on from there."
    return wrong("both left" if told.count("asks for") > 1 else "one left", f"Marco Rivera is still kept out. {told}")


def _not_he_alone(lab: Lab, answer: Answer, marco: str) -> Verdict | None:
    for name, who in (("Rivera^N", "another Rivera"), ("Vega^Marco", "another Marco"), ("Marco^N", "another Marco")):
        if matches(answer.query, held(lab, marco, name=name)):
            words = f"Marco Rivera is found, and {who} at the CT would be as well. Give more of his name."
            return wrong("not he alone", words)
    return None


def _check_period(lab: Lab, function: Any) -> Verdict:
    for modality, first, last in (("MR", TODAY, TOMORROW), ("CT", TODAY, TOMORROW), ("MR", TOMORROW, TOMORROW)):
        told = _one_period(lab, call(function, modality, first, last), modality, first, last)
        if told is not None:
            return wrong(told.mistake, f"For {modality!r}, {first!r}, {last!r}: {told.words}")
    return right("Your function asks for any modality and any days, and finds what is scheduled then, nothing else.")


def _one_period(lab: Lab, query: Any, modality: str, first: str, last: str) -> Verdict | None:
    answer = ask(lab, query)
    expected = on_list(lab, lambda step: step.modality == modality and first <= step.start[:8] <= last)
    return (
        _in_quotation_marks(answer.query)
        or answer.verdict
        or too_few(lab, answer, expected)
        or too_many(lab, answer, expected, "too much", "Do modality, first and last all stand in the query?")
        or (other_days(lab, answer.query, "20260228", "20260309") if modality == "MR" else None)
        or narrowed(lab, answer.query, DATE, "Modality")
        or not_returned(answer.query, "PatientName", "AccessionNumber", DATE)
    )


def _in_quotation_marks(query: Dataset) -> Verdict | None:
    """The name of a parameter as a text."""
    for keyword in ("Modality", DATE):
        given = value(query, keyword)
        if any(name in given for name in ("modality", "first", "last")):
            words = (
                f"{keyword} is the text {given!r}. Without quotation marks, a name stands for the value it was given."
            )
            return wrong("quoted", words)
    return None


_MR = 'step.Modality = "MR"'
_ON = f'step.{DATE} = "{TODAY}"'
_NUMBER = 'riveras.AccessionNumber = ""'
_NUMBER_IN_STEP = (
    'riveras.PatientName = "Rivera^*"',
    "step = Dataset()",
    'step.AccessionNumber = ""',
    "riveras.ScheduledProcedureStepSequence = [step]",
)


def _today(*lines: str) -> str:
    begin = ("from pydicom import Dataset", "", "step = Dataset()", "mr_today = Dataset()", 'mr_today.PatientName = ""')
    return "\n".join([*begin, *lines, "mr_today.ScheduledProcedureStepSequence = [step]"])


def _riveras(*lines: str) -> str:
    return "\n".join(["from pydicom import Dataset", "", "riveras = Dataset()", *lines])


def _repaired(name: str, station: str) -> str:
    return f"""from pydicom import Dataset

step = Dataset()
step.Modality = "CT"
step.{DATE} = "{TODAY}"
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
    step.{DATE} = {date}
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
        f'The first line is step.Modality = "MR". The second gives step.{DATE} the value "{TODAY}".',
    ),
    solution=_today(_MR, _ON),
    mistakes=(
        Mistake(
            "Modality misplaced",
            _today(_ON, 'mr_today.Modality = "MR"'),
            "Modality stands at the root of the query; it belongs in the item of ScheduledProcedureStepSequence",
        ),
        Mistake(f"{DATE} misplaced", _today(_MR, f'mr_today.{DATE} = "{TODAY}"'), f"{DATE} stands at the root"),
        Mistake("number", _today(_MR, f"step.{DATE} = {TODAY}"), "Its value is text, in quotation marks"),
        Mistake("date form", _today(_MR, f'step.{DATE} = "2026-03-02"'), "A date is eight digits"),
        Mistake("day missing", _today(_MR), "shows Haddad^Samir (MR, tomorrow) too"),
        Mistake("modality missing", _today(_ON), "keeps to one kind"),
        Mistake("not found", _today('step.Modality = "MRI"', _ON), "Modality asks for 'MRI'"),
        Mistake("other days", _today(_MR, f'step.{DATE} = "-{TODAY}"'), "covers other days too"),
        Mistake("too narrow", _today(_MR, _ON, 'step.ScheduledStationAETitle = "NORTHGATE_MR1"'), "narrows the list"),
        Mistake(
            "misspelled",
            "import warnings\n\nwarnings.simplefilter('ignore')  # pydicom warns of the name\n"
            + _today(_MR, f'step.ScheduledProcedureStartDate = "{TODAY}"'),
            "is no keyword of DICOM",
        ),
        Mistake("no step", _today(_MR, _ON).rpartition("\n")[0], f"has no {STEP}"),
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
        Mistake("too wide", _riveras('riveras.PatientName = "Riv*"', _NUMBER), "the family name Rivers too"),
        Mistake("given name", _riveras('riveras.PatientName = "Rivera^????*"', _NUMBER), "another given name"),
        Mistake("AccessionNumber misplaced", _riveras(*_NUMBER_IN_STEP), "it belongs at the root"),
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
        f'step.Modality = modality and step.{DATE} = first + "-" + last. The query has PatientName and '
        "AccessionNumber, both empty, and the step.",
    ),
    solution=_period('first + "-" + last'),
    mistakes=(
        Mistake("date form", _period('first + " - " + last'), "one hyphen between them"),
        Mistake("quoted", _period('"first-last"'), "Without quotation marks"),
        Mistake("cannot be sent", _period('first + "\u2013" + last'), "the hyphen of the keyboard"),
        Mistake("not found", _period("first"), "misses Haddad^Samir (MR, tomorrow)"),
        Mistake("too much", _period('first + "-" + last', modality='""'), "Do modality, first and last"),
        Mistake("other days", _period('first + "-"'), "covers other days too"),
        Mistake("AccessionNumber not asked for", _period('first + "-" + last', number="pass"), "does not come back"),
    ),
)

EXERCISES = (_E1, _E2, _E3, _E4)
