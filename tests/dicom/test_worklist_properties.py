"""Random queries against random items: the matching agrees with a second one that was written only for this test.

The second matching works on text alone: wild cards by recursion, dates and times as padded digits, names by their
writings. It shares nothing with the package but the standard.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from worklist_samples import on_the_wire

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_index import index_entry
from hl7dicom_lab.dicom.worklist_model import STEP
from hl7dicom_lab.dicom.worklist_query import CompiledQuery

# The second matching

PAD = "\0"  # an empty component at the end of a name: "^" and "*" may stand for it, "?" may not


def fits(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return fits(pattern[1:], text) or (bool(text) and fits(pattern, text[1:]))
    if not text:
        return False
    here = text[0] == pattern[0] or (pattern[0] == "?" and text[0] != PAD) or (pattern[0] == "^" and text[0] == PAD)
    return here and fits(pattern[1:], text[1:])


def bare(name: str) -> str:
    letters = (letter for letter in unicodedata.normalize("NFD", name) if not 0x300 <= ord(letter) < 0x370)
    parts = "".join(letters).lower().split("^")
    return "^".join(part.strip(" ") for part in parts).rstrip("^")


def name_group_fits(key: str, group: str) -> bool:
    if key.replace("^", "").strip(" ") == "":
        return True
    pattern = bare(key)
    if any(fits(pattern, PAD * some) for some in range(5)) and "*" in pattern and not pattern.startswith("^"):
        return True  # nothing but stars
    found = bare(group)
    return bool(found) and any(fits(pattern, found + PAD * some) for some in range(5))


def name_fits(key: str, name: str) -> bool:
    groups = name.split("=")
    if "=" not in key:
        return any(name_group_fits(key, group) for group in groups)
    asked = key.split("=")
    return all(name_group_fits(one, group) for one, group in zip(asked, groups + [""] * 3, strict=False))


def first(digits: str) -> str:
    whole, _, fraction = digits.partition(".")
    return (whole + "000000"[len(whole) :] if len(whole) <= 6 else whole) + fraction.ljust(6, "0")


def last(digits: str) -> str:
    whole, _, fraction = digits.partition(".")
    return (whole + "595959"[len(whole) :] if len(whole) <= 6 else whole) + fraction.ljust(6, "9")


def ends(key: str) -> tuple[str, str]:
    low, dash, high = key.partition("-")
    return (low, high) if dash else (low, low)


def date_fits(key: str, day: str) -> bool:
    low, high = ends(key)
    return low <= day <= (high or "99999999")


def time_fits(key: str, time: str) -> bool:
    low, high = ends(key)
    return (not low or first(low) <= first(time)) and (not high or first(time) <= last(high))


def start_fits(dates: str, times: str, day: str, time: str) -> bool:
    if "-" in dates and "-" in times:
        (day1, day2), (time1, time2) = ends(dates), ends(times)
        if (day1 or not time1) and (day2 or not time2):
            start = day1 + first(time1) if day1 else ""
            end = day2 + (last(time2) if time2 else "9" * 12) if day2 else "9" * 20
            return bool(day and time) and start <= day + first(time) <= end
    return (not dates or (bool(day) and date_fits(dates, day))) and (
        not times or (bool(time) and time_fits(times, time))
    )


def text_fits(key: str, stored: list[str]) -> bool:
    return not key.strip("*") or any(fits(key, value) for value in stored if value)


def item_fits(asked: dict[str, str], has: dict[str, Any]) -> bool:
    """`asked` and `has` by keyword; `has` may hold several values in a list."""
    plain = all(text_fits(asked[keyword], as_list(has[keyword])) for keyword in TEXT)
    uids = asked["StudyInstanceUID"].split("\\")
    names = all(name_fits(asked[name], has[name]) for name in NAMES)
    birth = not asked["PatientBirthDate"] or (
        bool(has["PatientBirthDate"]) and date_fits(asked["PatientBirthDate"], has["PatientBirthDate"])
    )
    start = start_fits(
        asked["ScheduledProcedureStepStartDate"],
        asked["ScheduledProcedureStepStartTime"],
        has["ScheduledProcedureStepStartDate"],
        has["ScheduledProcedureStepStartTime"],
    )
    value, meaning = asked["CodeValue"], asked["CodeMeaning"]
    codes = (not value.strip("*") and not meaning.strip("*")) or any(
        text_fits(value, [one]) and text_fits(meaning, [other]) for one, other in has["codes"]
    )
    return plain and names and birth and start and codes and (uids == [""] or has["StudyInstanceUID"] in uids)


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


# Random queries and items, with values that often meet

WORDS = ["", "A", "AB", "ABC", "B", "A B"]
SINGLE = ["PatientID", "Modality", "ScheduledStationAETitle"]
TEXT = [*SINGLE, "AccessionNumber", "RequestedProcedureDescription", "ScheduledProcedureStepID"]
NAMES = ["PatientName", "ScheduledPerformingPhysicianName"]
TEMPORAL = ["PatientBirthDate", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"]
PERSONS = ["", "Müller^Anna", "MULLER", "muller^anna^b", "Yamada^Tarou=山田^太郎", "Yamada=山田^太郎=やまだ", "=山田"]
NAME_KEYS = [
    "*",
    "mull*",
    "MÜLLER^*",
    "?uller*",
    "*anna*",
    "*^*",
    "山*",
    "=山田^*",
    "*=山田",
    "yamada^*=*=やまだ",
    "*^^b",
]
DAYS = ["", "20060704", "20060705", "20060706", "20060707"]
TIMES = ["", "10", "1030", "103000", "103000.5", "000000", "235959", "1800", "180030"]

patterns = st.one_of(st.sampled_from(WORDS), st.text("AB*? ", max_size=4).map(lambda text: text.strip()))
name_keys = st.one_of(
    st.sampled_from(PERSONS),
    st.sampled_from(NAME_KEYS),
    st.text("aäM*?^", max_size=6).filter(lambda key: key.count("^") < 5),
)
ranges = {
    tuple(pool): st.one_of(
        st.sampled_from(pool),
        st.tuples(st.sampled_from(pool), st.sampled_from(pool))
        .filter(any)
        .map(lambda pair: f"{min(filter(None, pair)) if pair[0] else ''}-{max(pair) if pair[1] else ''}"),
    )
    for pool in (DAYS, TIMES)
}
single_values = st.sampled_from([*WORDS[:4], "*"])
every_key = st.fixed_dictionaries(
    {
        **{keyword: single_values if keyword in SINGLE else patterns for keyword in TEXT},
        **dict.fromkeys(NAMES, name_keys),
        "StudyInstanceUID": st.sampled_from(["", "1.2.3", "1.2.4", "1.2.3\\1.2.4"]),
        "PatientBirthDate": ranges[tuple(DAYS)],
        "ScheduledProcedureStepStartDate": ranges[tuple(DAYS)],
        "ScheduledProcedureStepStartTime": ranges[tuple(TIMES)],
        "CodeValue": patterns,
        "CodeMeaning": patterns,
    }
)
#: Most keys empty, as scanners ask: otherwise nearly nothing matches.
queries = st.builds(
    lambda asked, used: {key: value if key in used else "" for key, value in asked.items()},
    every_key,
    st.sets(
        st.sampled_from([*TEXT, *NAMES, *TEMPORAL, "StudyInstanceUID", "CodeValue", "CodeMeaning"]),
        min_size=1,
        max_size=4,
    ),
)
items = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXT, st.sampled_from(WORDS)),
        **dict.fromkeys(NAMES, st.sampled_from(PERSONS)),
        "ScheduledStationAETitle": st.lists(st.sampled_from(WORDS[1:]), max_size=3),
        "StudyInstanceUID": st.sampled_from(["1.2.3", "1.2.4", "1.2.5"]),
        "PatientBirthDate": st.sampled_from(DAYS),
        "ScheduledProcedureStepStartDate": st.sampled_from(DAYS),
        "ScheduledProcedureStepStartTime": st.sampled_from(TIMES),
        "codes": st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS)), max_size=3),
    }
)
IN_STEP = {
    "Modality", "ScheduledStationAETitle", "ScheduledProcedureStepID", "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
}  # fmt: skip


def as_data_set(chosen: dict[str, Any], codes: list[tuple[str, str]]) -> Dataset:
    ds, step = Dataset(), Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in chosen.items():
        tag = tag_for_keyword(keyword)
        # Without pydicom's warnings: a key may hold what no value may.
        element = DataElement(tag, dictionary_VR(tag), value, validation_mode=IGNORE)
        (step if keyword in IN_STEP else ds).add(element)
    step.ScheduledProtocolCodeSequence = Sequence()
    for value, meaning in codes:
        code = Dataset()
        code.CodeValue, code.CodeMeaning = value, meaning
        step.ScheduledProtocolCodeSequence.append(code)
    ds.ScheduledProcedureStepSequence = Sequence([step])
    return ds


def build_query(asked: dict[str, str]) -> Dataset:
    keys = {keyword: value for keyword, value in asked.items() if not keyword.startswith("Code")}
    return as_data_set(keys, [(asked["CodeValue"], asked["CodeMeaning"])])


def build_item(has: dict[str, Any]) -> Dataset:
    return as_data_set({keyword: value for keyword, value in has.items() if keyword != "codes"}, has["codes"])


def possible(asked: dict[str, str]) -> bool:
    """Whether a time range alone runs over midnight, or a period backwards: both are refused."""
    low, high = ends(asked["ScheduledProcedureStepStartTime"])
    return not low or not high or first(low) <= last(high)


prepared = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@prepared
@given(queries.filter(possible), items, st.booleans(), st.booleans())
def test_the_matching_agrees_with_the_second_one(asked, has, implicit, decoded):
    query, item = CompiledQuery(on_the_wire(build_query(asked), implicit=implicit)), build_item(has)
    item = data_set.decode(data_set.encode(item)) if decoded else on_the_wire(item, implicit=implicit)
    assert query.matches(item) == item_fits(asked, has)


@prepared
@given(queries.filter(possible), items)
def test_the_verdicts_agree_with_the_match_and_the_index_never_loses_one(asked, has):
    query, item = CompiledQuery(build_query(asked)), build_item(has)
    matched = query.matches(item)
    assert all(verdict.matched for verdict in query.explain(item)) == matched
    if matched:
        entry = index_entry(item)
        assert all(condition.admits(entry[condition.key]) for condition in query.narrowing)


@prepared
@given(
    st.sampled_from([*TEXT, *NAMES, *TEMPORAL, "StudyInstanceUID"]),
    every_key.filter(possible),
    items,
)
def test_one_key_alone_agrees_and_its_narrowing_never_loses_a_match(keyword, asked, has):
    only = {key: value if key == keyword else "" for key, value in asked.items()}
    query, item = CompiledQuery(build_query(only)), build_item(has)
    assert query.matches(item) == item_fits(only, has)
    if query.matches(item):
        assert all(condition.admits(index_entry(item)[condition.key]) for condition in query.narrowing)


@prepared
@given(
    st.sets(st.sampled_from(sorted(TEXT + NAMES + ["StudyInstanceUID", "PatientBirthDate"]))),
    items,
)
def test_an_answer_has_exactly_the_requested_attributes(chosen, has):
    keys = {keyword: "" for keyword in chosen if keyword not in IN_STEP} | {"PatientSex": ""}
    query = as_data_set(keys, [])
    step = query.ScheduledProcedureStepSequence[0]
    del step.ScheduledProtocolCodeSequence
    for keyword in chosen & IN_STEP:
        setattr(step, keyword, "")
    item = build_item(has)
    _, answer = CompiledQuery(query).response(item)
    assert {element.keyword for element in answer} == {*keys, STEP, "SpecificCharacterSet"}
    (returned,) = answer.ScheduledProcedureStepSequence
    asked_of_step = chosen & IN_STEP or {element.keyword for element in item.ScheduledProcedureStepSequence[0]}
    assert {element.keyword for element in returned} == asked_of_step
    assert all(answer[keyword].value == item[keyword].value for keyword in keys if keyword in item)
