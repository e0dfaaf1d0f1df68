"""Tickets of the worklist: the scanner asks, and the answer is not what the technologist expects (PS3.4 Annex K)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hl7dicom_lab.tickets import morning
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.ticket import Check, Level, Ticket


def _with_setting(modality: str, setting: str, value: str) -> Callable[[Department], None]:
    """Break a scanner's worklist query, and let the technologist ask."""

    def breaks(department: Department) -> None:
        morning.checked_in(department)
        scanner = department.modalities[modality]
        scanner.settings = replace(scanner.settings, **{setting: value})
        scanner.query()

    return breaks


def _list_of(department: Department, modality: str) -> Check:
    """Whether a scanner finds today's steps of its own modality, and nobody else's."""
    today = f"{department.clock.today():%Y%m%d}"
    wanted = {
        one.accession_number
        for one in department.ris.steps()
        if one.modality == modality and one.start.startswith(today)
    }
    found = [str(item.AccessionNumber) for item in department.modalities[modality].query()]
    missing, others = sorted(wanted - set(found)), sorted(set(found) - wanted)
    seen = []
    if missing:
        seen.append(f"{', '.join(missing)} not on it")
    if others:
        seen.append(f"{', '.join(others)} of other scanners or other days on it")
    name = department.modalities[modality].station.name
    return Check(f"{name} finds today's patients of its own, and nobody else's", not seen, "; ".join(seen))


_STATION = Ticket(
    letter="A",
    title="Nobody on the list",
    level=Level.EASY,
    told_by="The technologist at MR1",
    symptom="Elena Rivera stands in front of me and my worklist is empty. The CT next door has its patients.",
    cause="station title",
    at="MR1",
    breaks=_with_setting("MR", "worklist_station", "NORTHGATE_MR2"),
    works=lambda department: (_list_of(department, "MR"),),
    people={
        "the technologist": "The list was full on Friday. On Sunday this scanner has taken the old one's place.",
        "the vendor": "We have copied the configuration of the old scanner to the new one, all of it.",
    },
    against={
        "date range": "The key ScheduledProcedureStepStartDate of the query is 20260302, which is today.",
        "keys at the root": "The query has ScheduledProcedureStepSequence, and station, date and modality stand in it.",
        "not checked in": "A step is on the worklist whether the patient has come or not; Elena Rivera has checked in.",
        "order refused": "The RIS has answered every order of the morning with AA, and lab.ris.steps() shows them.",
        "system down": "MR1 and the RIS have an association, and the RIS answers: nothing matches.",
        "called AE title": "The RIS has accepted the association; a wrong called AE title is rejected.",
    },
    hints=(
        "The query was answered, with no match. So compare what it asks for with what the RIS has.",
        "lab.timeline(last=4): look at the C-FIND-RQ, key by key. lab.ris.explain(...) compares for you.",
        "ScheduledStationAETitle in the query is not the AE title of this scanner.",
    ),
    solution="""
ticket.diagnose("station title", at="MR1")
ticket.repair("MR1", "worklist_station", "NORTHGATE_MR1")
""",
    explanation="MR1 asked for the steps of the station NORTHGATE_MR2, the scanner whose configuration it got. "
    "The RIS has scheduled its patients for NORTHGATE_MR1, so no step matched.",
    prevention="After a scanner is moved or replaced, query its worklist with a test patient before the first patient. "
    "The station's AE title belongs on the list of what is checked.",
    source="DICOM PS3.4 section K.6.1.2.2 and Table K.6-1: ScheduledStationAETitle is a required matching key.",
)

_ROOT = Ticket(
    letter="B",
    title="Everybody on the list",
    level=Level.MEDIUM,
    told_by="The technologist at CT1",
    symptom="My worklist has the whole house on it, MR and chest radiographs too. I nearly scanned the wrong patient.",
    cause="keys at the root",
    at="CT1",
    breaks=_with_setting("CT", "worklist_keys", "at the root"),
    works=lambda department: (_list_of(department, "CT"),),
    people={"the vendor": "We have updated the software of CT1 on Friday. The worklist test was fine: patients came."},
    against={
        "station title": "The query names NORTHGATE_CT1, which is this scanner. Look where in the query it stands.",
        "date range": "The query has today's date. Look where in the query it stands.",
        "system down": "The RIS answers, and with more than was wanted.",
        "shared accession number": "Each item on the list has an accession number of its own.",
        "wrong patient picked": "Nobody has picked anybody yet; the list itself is too long.",
    },
    hints=(
        "Too many matches: a key that should narrow the query does not. Which ones are there, and where?",
        "Open the C-FIND-RQ with lab.timeline(system='CT1') and compare its tree with the one of a query of MR1.",
        "Modality, date and station belong into ScheduledProcedureStepSequence. At the root they match nothing.",
    ),
    solution="""
ticket.diagnose("keys at the root", at="CT1")
ticket.repair("CT1", "worklist_keys", "in the step")
""",
    explanation="CT1 sent Modality, date and station at the root of the query. In the worklist model they are "
    "attributes of the scheduled procedure step, so they stand in an item of ScheduledProcedureStepSequence. Keys that "
    "a place does not have are ignored, and without keys every step matches.",
    prevention="A worklist test that asks only whether patients come proves little: look for those that must not come.",
    source="DICOM PS3.4 Table K.6-1, and section K.2.2.1.1.2: a matching key that is not supported is ignored.",
)

_DATES = Ticket(
    letter="C",
    title="A list of last week",
    level=Level.EASY,
    told_by="The technologist at MR1",
    symptom="There was nobody on my list this morning, and it stays empty. On Friday all was well.",
    cause="date range",
    at="MR1",
    breaks=_with_setting("MR", "worklist_days", "20260223-20260301"),
    works=lambda department: (_list_of(department, "MR"), *(_on_another_day(department, days) for days in (1, 28))),
    people={
        "the technologist": "On Monday last week I set the list to the whole week, so that I saw who was coming.",
    },
    against={
        "station title": "ScheduledStationAETitle in the query is NORTHGATE_MR1, which is this scanner.",
        "clock": "The query was sent on 2 March, and MR1 knows it. Look at the days that it asks for.",
        "keys at the root": "The keys stand in ScheduledProcedureStepSequence, where they belong.",
        "not checked in": "A step is on the worklist whether the patient has come or not.",
        "system down": "MR1 and the RIS have an association, and the RIS answers: nothing matches.",
    },
    hints=(
        "The query was answered, with no match. Compare what it asks for with what the RIS has.",
        "Look at ScheduledProcedureStepStartDate in the C-FIND-RQ. How is a range written, and where does it end?",
        "The range is fixed and ends yesterday. Which setting is right today, and tomorrow as well?",
    ),
    solution="""
ticket.diagnose("date range", at="MR1")
ticket.repair("MR1", "worklist_days", "today")
""",
    explanation="Somebody had typed a range of days into the scanner, 23 February to 1 March. It was right for a week.",
    prevention="A scanner asks for today, by its own calendar. A range that a person types is wrong on the day after.",
    source="DICOM PS3.4 section C.2.2.2.5.1: a range of dates matches from its first day to its last.",
)


def _on_another_day(department: Department, later: int) -> Check:
    """Whether the list will be right some days later, without anybody's help."""
    day = department.clock.today() + timedelta(days=later)
    query = department.modality.todays_query(on=day)
    days = str(query.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate)
    first, _, last = days.partition("-")
    holds = first <= f"{day:%Y%m%d}" <= (last or first)
    return Check(f"on {day.day} {day:%B} MR1 will ask for that day", holds, f"it will ask for {days}")


TICKETS = (_STATION, _ROOT, _DATES)
