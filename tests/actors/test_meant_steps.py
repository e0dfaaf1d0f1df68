"""A change lands on the step that it means, or nowhere."""

import pytest
from hl7_text import order

from hl7dicom_lab import Lab
from hl7dicom_lab.hl7v2 import acknowledge
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment


def two_steps(control: str = "NW", first: str = "Aaa", second: str = "Bbb", number: str = "P1"):
    """An OMI of one order with two steps, none of which the placer has an id for."""
    message = order("OMI", control, number)
    message.put("IPC[1]-5", "MR").put("IPC[1]-6", f"A^{first}^99NG").put("IPC[1]-4", "").put("IPC[1]-9", "")
    return message.put("IPC[2]-5", "CT").put("IPC[2]-6", f"B^{second}^99NG").put("IPC[2]-4", "")


def send(lab: Lab, message) -> Acknowledgment:
    return acknowledge.read(lab.emr._to_ris.send(message.encode()))
