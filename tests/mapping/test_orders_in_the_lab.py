"""The same comparison through a department that runs: the order goes in over MLLP, the answer comes out of C-FIND."""

from __future__ import annotations

import re

import pytest
from flat import flat
from messages import FULL_OMI, FULL_ORM, ORDERS, with_field
from oracle import STEP
from pydicom.dataset import Dataset
from rows import ORDER_ROWS
from test_order_to_worklist import expected

from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.attributes import put

PLACER = "PlacerOrderNumberImagingServiceRequest"
STEP_ID = f"{STEP}ScheduledProcedureStepID"
LEFT_TO_THE_FILLER = (
    "AccessionNumber",
    "RequestedProcedureID",
    "StudyInstanceUID",
    "FillerOrderNumberImagingServiceRequest",
    STEP_ID,
)
SENT = (
    "full ORM",
    "full OMI",
    "OMI with three IPC",
    "two orders, each with its ZDS",
    "no PV1, account number as admission",
    "three writings",
    "suffix and prefix",
    "birth date to the month",
    "reason in words",
    "two alerts",
    "start with fraction and offset",
    "OBR-44 empty",
    "no MSH-18",
    "LF in the comment",
    "unknown priority and sex",
    "numbers left to the filler",
)
TEXTS = ORDERS | {
    "unknown priority and sex": with_field(with_field(FULL_OMI, "TQ1-9", "X"), "PID-8", "U"),
    "numbers left to the filler": with_field(
        with_field(with_field(with_field(FULL_ORM, "OBR-18", ""), "OBR-19", ""), "OBR-20", ""), "ZDS-1", ""
    ),
}


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


def own_numbers(text: str, number: int) -> str:
    """The message with numbers of its own, so that the order book knows none of them yet."""
    text = re.sub(r"\bP-(\d)", rf"P{number}-\1", text)
    text = re.sub(r"\bACC-(0\d+)", rf"ACC{number}-\1", text)
    return with_field(text, "MSH-10", f"WIRE{number}").replace("1.2.3.4.5.", f"1.2.3.4.{1000 + number}.")


def everything_about(placer_order_number: str) -> Dataset:
    query = Dataset()
    for attribute, _, _, vr, _, _ in ORDER_ROWS[1:]:
        put(query, attribute, [] if vr == "SQ" else None)
    query.PlacerOrderNumberImagingServiceRequest = placer_order_number
    return query


@pytest.mark.parametrize("name", SENT)
def test_the_worklist_answers_what_the_oracle_says(lab, name):
    text = own_numbers(TEXTS[name], SENT.index(name) + 1)
    acknowledgment = lab.emr.send(text.encode("utf-8"))
    assert acknowledgment.code == "AA"
    wanted = list(expected(text))
    placers = dict.fromkeys(item[PLACER] for item in wanted)
    answers = [flat(answer) for placer in placers for answer in lab.modality.query(everything_about(placer))]
    assert len(answers) == len(wanted)
    for item in wanted:
        answer = next(one for one in answers if is_step(one, item))
        assert all(answer[attribute] for attribute in LEFT_TO_THE_FILLER)
        assert answer == {attribute: answer[attribute] for attribute in LEFT_TO_THE_FILLER} | item


def is_step(answer: dict[str, object], item: dict[str, object]) -> bool:
    return answer[PLACER] == item[PLACER] and item.get(STEP_ID, answer[STEP_ID]) == answer[STEP_ID]
