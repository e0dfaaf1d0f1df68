"""The message explorer: an HL7 message as a tree of its segments, fields and components, beside its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from hl7dicom_lab.views.explorer.view import Explorer
from hl7dicom_lab.views.message.tree import tree_of


@dataclass(frozen=True, repr=False)
class MessageExplorer(Explorer):
    """One message. What is broken is shown as far as it can be read."""

    @classmethod
    def of(cls, raw: bytes) -> Self:
        """Take a message apart, with or without its MLLP frame. Never raises."""
        return cls(tree_of(raw))
