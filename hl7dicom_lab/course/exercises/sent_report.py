"""A report that the learner wrote: read as its receiver would read it, and sent to it. For the checks of 07 and 08.

IHE RAD-28, ORU^R01. Rules: bytes, text and frames are all taken; what no receiver could read is told as a mistake;
sending is one try over a real connection, and silence is an answer without a code.
"""

from __future__ import annotations

from typing import Any

from hl7dicom_lab import story
from hl7dicom_lab.errors import DeliveryError, Hl7Fault, PeerError
from hl7dicom_lab.hl7v2 import acknowledge
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.groups import reports
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.oru_to_report import oru_to_report
from hl7dicom_lab.model import Hl7Address, Report
from hl7dicom_lab.services.mllp_sender import MllpSender
from hl7dicom_lab.verdict import Verdict, wrong


def read(answer: Any) -> tuple[Message, Report] | Verdict:
    """The learner's message and the report in it, or what a reader makes of an answer that is none."""
    given = answer.body if isinstance(answer, Message) else answer
    body = given if isinstance(given, bytes) else str(given).encode("utf-8")
    text = body.removeprefix(b"\x0b")
    if text.startswith(b"MSA|"):
        return wrong("answer", "This is a receiver's answer. Give the message itself, as report(...) gives it back.")
    if not text.startswith(b"MSH"):
        return wrong("form", "A message begins with MSH. Give what report(...) gives back, with all its arguments.")
    try:
        message = Message.parse(text.removesuffix(b"\x1c\r"))
        if not message.control_id:
            return wrong(
                "control id", "MSH-10 is empty: no answer could be matched with this message. Give it a number."
            )
        (group,) = reports(message)
        return message, oru_to_report(group).report
    except Hl7Fault as fault:
        return wrong("unreadable", f"This is no report that a receiver could read. {fault}")
    except ValueError:
        return wrong("unreadable", "One message carries one report here: one OBR, then its OBX.")


def send(lab: Lab, address: Hl7Address, message: Message) -> Acknowledgment:
    """Send it as the dictation system, and give back the answer; without a code where none came."""
    try:
        with MllpSender(
            address.host, address.port, trace=lab.trace, system=story.DICTATION, peer=address.application, attempts=1
        ) as sender:
            return acknowledge.read(sender.send(message.body))
    except (DeliveryError, PeerError) as failure:
        return Acknowledgment("", message.control_id, str(failure))
