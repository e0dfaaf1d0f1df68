"""Lesson 02: a frame, a refusal that is read, an order that is mended, an order that is written.

Rule: what the learner wrote is sent to the RIS over a real connection, and the RIS decides. What it would accept with a
wrong value is told before it is sent, so that the order can still be placed when it is right.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hl7dicom_lab import story, story_day
from hl7dicom_lab.course.exercise import Exercise, Mistake, call
from hl7dicom_lab.course.verdict import Verdict, right, wrong
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import acknowledge, mllp, orders
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.hl7v2.groups import orders as orders_of
from hl7dicom_lab.hl7v2.message import Message, control_id_of
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.order_to_worklist import get, order_to_worklist
from hl7dicom_lab.mapping.table import STEP
from hl7dicom_lab.model import Hl7Address, Visit, WorklistItem

_PATIENCE = 5.0
_MODALITIES = tuple(station.modality for station in story.STATIONS)

#: Elena Rivera's order as the lesson sends it, and its header with a control id to be filled in.
_HEADER = r"MSH|^~\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080000||ORM^O01|{}|P|2.3.1||||||UNICODE UTF-8"
_ELENA = (
    "PID|||NG-100237^^^NORTHGATE^MR||Rivera^Elena^Maria^^Ms||19840617|F",
    "PV1||O|||||||||||||||||V-2026-0412^^^NORTHGATE^VN",
    "ORC|NW|P00001|||||^^^20260302093000^^R",
    "OBR||P00001||MRBRAIN^MRI brain without contrast^99NORTHGATE" + "|" * 20 + "MR",
)
_ELENAS_ORDER = "\r".join((_HEADER.format("MSG00001"), *_ELENA)) + "\r"
_SENT_BEFORE = f"lab.emr.send({_ELENAS_ORDER!r}.encode())"


# 02-e1 ----------------------------------------------------------------------------------------------------------------


def _check_frame(lab: Lab, answer: Any) -> Verdict:
    """A frame is right if its bytes are, and if the RIS answers what travels in it."""
    header = Envelope(
        story.EMR, story.FACILITY, story.RIS, story.FACILITY, lab.clock.today_at_start(), "CHECK-02-E1"
    )
    probe = orders.adt(header, "A08", story_day.LARS_AKESSON, Visit())
    framed = call(answer, probe.decode("utf-8"))
    problem = _problem_of_frame(framed, probe)
    if problem is not None:
        return problem
    reply = _exchange(lab.ris.hl7, bytes(framed))
    if not reply:
        return wrong("no answer", "The RIS gave no answer to a message in your frame. Compare it with the table, byte by byte.")
    ack = acknowledge.read(reply.strip(b"\x0b\x1c\r"))
    return right(f"A message in your frame reached the RIS, and it answered {ack.code}. VT opens, FS and CR close.")
