"""A learner's worklist query as lesson 04 judges it: sent over an association, and what comes back is looked at.

IHE RAD-5; keys and their places by PS3.4 Table K.6-1. Rule: what is judged is the query as it goes over the wire, never
the object that the learner made; beside the steps of the day, some that are not there are held against it, so that a
key that is too wide or too narrow by accident is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab.course.exercise import Unfinished
from hl7dicom_lab.dicom.character_set import ASCII_VRS
from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.dicom.worklist_model import STEP, WORKLIST_MODEL, right_place
from hl7dicom_lab.dicom.worklist_query import explain_match, matches
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import CannotEncode, DicomFault, Refused
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import WorklistItem
from hl7dicom_lab.verdict import Verdict, wrong

TODAY, TOMORROW = "20260302", "20260303"
DATE = "ScheduledProcedureStepStartDate"
ELENA = "NG000001"

#: What every Dataset of pydicom carries besides its elements; anything else was written by the learner.
_OWN_NAMES = frozenset(vars(Dataset()))


@dataclass(frozen=True)
class Answer:
    """A query as it was sent, the accession numbers that it brought, and the verdict where there is one already."""

    query: Dataset
    found: tuple[str, ...] = ()
    verdict: Verdict | None = None


def ask(lab: Lab, query: Any) -> Answer:
    """Send a learner's query; with the accession number as a return key, by which the steps are told apart."""
    if not isinstance(query, Dataset):
        words = f"The check expects a query, a Dataset of pydicom. This is a value of type {type(query).__name__}."
        return Answer(Dataset(), verdict=wrong("no data set", words))
    if (verdict := _misspelled(query) or _no_text(query)) is not None:
        return Answer(query, verdict=verdict)
    if len(query) == 0 or any(value is ... for _, value in keys(query)):
        raise Unfinished
    try:
        sent, asked = _as_sent(query), _as_sent(query)
    except CannotEncode as problem:
        keyword = problem.where.rpartition(".")[2]
        return Answer(
            query, verdict=_unsendable(query) if _is_ascii_only(keyword) else wrong("characters", str(problem))
        )
    except Exception:  # pydicom has several classes for a value that it cannot write
        return Answer(query, verdict=_unsendable(query))
    if "AccessionNumber" not in asked:
        asked.AccessionNumber = ""
    try:
        items = lab.modality.query(asked)
    except Refused as problem:
        return Answer(sent, verdict=_refused(sent, problem))
    return Answer(sent, tuple(str(item.AccessionNumber) for item in items), _misplaced(sent))


def keys(query: Dataset, before: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of a query that have a value, by their path, with the value."""
    for element in query:
        if element.VR == "SQ":
            for item in element.value or ():
                yield from keys(item, f"{before}{element.keyword}.")
        elif element.value not in (None, ""):
            yield f"{before}{element.keyword}", element.value


def step_key(query: Dataset) -> Dataset:
    """The item of ScheduledProcedureStepSequence; an empty one where there is none."""
    items = query.get(STEP)
    return items[0] if items else Dataset()


def value(query: Dataset, keyword: str) -> str:
    """The value of a key, in the step's item or at the root; empty where it has none."""
    return str(step_key(query).get(keyword) or query.get(keyword) or "")


def held(lab: Lab, accession_number: str, *, name: str = "", date: str = "") -> Dataset:
    """A step as the RIS holds it; or, with another name or day, one that is held against a query."""
    item = read_data_set(lab.ris.step(accession_number).data_set, ExplicitVRLittleEndian)
    item.PatientName = name or str(item.PatientName)
    if date:
        step_key(item).ScheduledProcedureStepStartDate = date
    return item


def on_list(lab: Lab, wanted: Callable[[WorklistItem], bool]) -> set[str]:
    """Accession numbers of the steps that are on the worklist and wanted."""
    return {step.accession_number for step in lab.ris.steps() if wanted(step)}


def too_few(lab: Lab, answer: Answer, expected: set[str]) -> Verdict | None:
    """A step that should be found, and which key keeps it out."""
    missing = min(expected - set(answer.found), default="")
    if not missing:
        return None
    told = f"The query finds {len(answer.found)}, and misses {_named(lab, missing)}."
    return wrong("not found", f"{told} {kept_out(answer.query, held(lab, missing))}")


def kept_out(query: Dataset, item: Dataset) -> str:
    """The keys that keep a step out, in words."""
    unmet = [key for key in explain_match(query, item) if not key.matched]
    words = "{} asks for {!r}, and the step has {!r}."
    return " ".join(words.format(key.path.rpartition(".")[2], key.wanted, key.found) for key in unmet)


def too_many(lab: Lab, answer: Answer, expected: set[str], mistake: str, advice: str) -> Verdict | None:
    """A step that should not be found."""
    surplus = min(set(answer.found) - expected, default="")
    return wrong(mistake, f"The list shows {_named(lab, surplus)} too. {advice}") if surplus else None


def other_days(lab: Lab, query: Dataset, *days: str) -> Verdict | None:
    """A date key that covers days beside those that are wanted, although the list does not show it today."""
    if not any(matches(query, held(lab, ELENA, date=day)) for day in days):
        return None
    return wrong("other days", f"{DATE} {value(query, DATE)!r} covers other days too. Give both ends, or one day.")


def narrowed(lab: Lab, query: Dataset, *asked_by: str) -> Verdict | None:
    """A key with a value that nobody asked for: it would keep out another step, although it keeps out none today."""
    for key in explain_match(query, held(lab, ELENA)):
        keyword = key.path.rpartition(".")[2]
        narrows = key.wanted and "matching" in key.rule and key.rule != "universal matching"
        if narrows and keyword not in asked_by:
            words = f"{keyword} {key.wanted!r} narrows the list too: a step with another value would be missing."
            return wrong("too narrow", f"{words} Leave this key empty.")
    return None


def not_returned(query: Dataset, *keywords: str) -> Verdict | None:
    """A return key that is missing, or stands in the wrong place; the start date belongs into the step's item."""
    for keyword in keywords:
        root, step = query, step_key(query)
        here, there = (step, root) if keyword == DATE else (root, step)
        if keyword in here:
            continue
        if keyword in there:
            return _in_wrong_place(keyword, "" if keyword == DATE else STEP, "it comes back empty")
        words = f"{keyword} does not come back, because it is not in the query. An empty key asks for it."
        return wrong(f"{keyword} not asked for", words)
    return None


def _as_sent(query: Dataset) -> Dataset:
    """The query as the RIS gets it. Raises `CannotEncode`, and what pydicom raises for values it cannot write."""
    return read_data_set(write_data_set(query, ExplicitVRLittleEndian), ExplicitVRLittleEndian)


def _misspelled(query: Dataset) -> Verdict | None:
    """A name that is no keyword: Python keeps it with the object, and it is never sent."""
    for data_set in (query, step_key(query)):
        for name in sorted(vars(data_set).keys() - _OWN_NAMES):
            words = f"{name} is no keyword of DICOM, so it is no key and is not sent. Look at the table of step 5."
            return wrong("misspelled", words)
    return None


def _no_text(query: Dataset) -> Verdict | None:
    """A key whose value is a number in Python: all keys of these exercises are text."""
    for path, number in keys(query):
        if isinstance(number, (int, float)):
            keyword = path.rpartition(".")[2]
            words = f'{keyword} is the number {number}. Its value is text, in quotation marks: "{number}".'
            return wrong("number", words)
    return None


def _is_ascii_only(keyword: str) -> bool:
    """Whether a key is ASCII whatever the character set (PS3.5 section 6.1.2.3): a date, a code, an AE title, a UID."""
    tag = tag_for_keyword(keyword)
    return tag is not None and dictionary_VR(tag) in ASCII_VRS


def _unsendable(query: Dataset) -> Verdict:
    """A value that cannot be written; mostly a character that was copied from a text, such as a long dash."""
    for path, given in keys(query):
        if not str(given).isascii():
            keyword = path.rpartition(".")[2]
            words = f"{keyword} {str(given)!r} has a character that this key cannot hold. Type the value again."
            return wrong("cannot be sent", f"{words} A range has the hyphen of the keyboard.")
    return wrong("cannot be sent", "The query cannot be sent: a key has a value that is no text. Compare your values.")


def _refused(query: Dataset, problem: Refused) -> Verdict:
    """The RIS says no. Its comment names the value; `explain_match` says the same with the key."""
    try:
        explain_match(query, Dataset())
    except DicomFault as fault:
        about_date = fault.keyword == DATE and "before it begins" not in fault.what
        form = "A date is eight digits; a range is two dates with one hyphen between them, without spaces."
        key = f"{fault.where.rpartition('.')[2]}: {fault.what.removesuffix('.')}."
        advice = form if about_date else f"Next step: {fault.next_step}."
        words = f"The RIS refuses the query with status 0xA900. {key} {advice}"
        return wrong("date form" if about_date else "refused", words)
    return wrong("refused", f"There is no list: {problem}")


def _misplaced(query: Dataset) -> Verdict | None:
    """A key with a value that stands where the worklist has no such key, with where it belongs."""
    for path, _ in keys(query):
        before, _, keyword = path.rpartition(".")
        if path in WORKLIST_MODEL:
            continue
        try:
            right_place(keyword, path)
        except KeyError:
            continue  # the worklist has it nowhere; the query is judged by what it finds
        return _in_wrong_place(keyword, before, "it is no key: everything fits")
    return None


def _in_wrong_place(keyword: str, before: str, effect: str) -> Verdict:
    """`before` is the path of the sequence in which the key stands; empty at the root."""
    here = "in the item of the sequence" if before else "at the root of the query"
    there = "at the root" if before else f"in the item of {STEP}"
    words = f"{keyword} stands {here}; it belongs {there}. In the wrong place {effect}."
    return wrong(f"{keyword} misplaced", words)


def _named(lab: Lab, accession_number: str) -> str:
    """A step in words, as feedback tells of it."""
    step = lab.ris.step(accession_number)
    day = {TODAY: "today", TOMORROW: "tomorrow"}.get(step.start[:8], step.start[:8])
    return f"{step.patient_name.partition('=')[0]} ({step.modality}, {day})"
