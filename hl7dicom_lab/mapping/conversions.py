"""The rules that the table names: from a field of a message to a value of a worklist item.

Each takes the segments of one order and an HL7 path and gives a `Converted`, or None where the field says nothing.
Those about the patient are in `patient_rules.py`, those about the order in `order_rules.py`.
"""

from __future__ import annotations

from hl7dicom_lab.mapping.converted import Converted, Rule
from hl7dicom_lab.mapping.order_rules import ORDER_RULES
from hl7dicom_lab.mapping.patient_rules import PATIENT_RULES

__all__ = ["RULES", "Converted", "Rule"]

#: The rules by the names that the table uses.
RULES: dict[str, Rule] = PATIENT_RULES | ORDER_RULES
