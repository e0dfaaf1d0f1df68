"""The two views that are made of trees: one thing taken apart, and two side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from hl7dicom_lab.counted import counted
from hl7dicom_lab.views.explorer import html_form, pairs_html, pairs_text, state, text_form
from hl7dicom_lab.views.explorer.pairs import Pair, differences, pair
from hl7dicom_lab.views.explorer.tree import Tree
from hl7dicom_lab.views.view import View


@dataclass(frozen=True, repr=False)
class Explorer(View):
    """One thing, taken apart."""

    widget: ClassVar[str] = "explorer"
    tree: Tree

    def __repr__(self) -> str:
        return f"<{self.tree.short}>"

    def text(self) -> str:
        """The tree as aligned lines."""
        return text_form.text(self.tree)

    def html(self) -> str:
        """The tree as tables that open and shut."""
        return html_form.html_of(self.tree)

    def state(self) -> Mapping[str, Any]:
        """What the explorer in the browser draws."""
        return state.state(self.tree)


@dataclass(frozen=True, repr=False)
class Comparison(View):
    """Two things side by side, with what differs."""

    widget: ClassVar[str] = "explorer"
    left: Tree
    right: Tree

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The lines of both, in pairs."""
        return pair(self.left, self.right)

    @property
    def differences(self) -> int:
        """How many there are; a part that stands on one side only counts once."""
        return differences(self.pairs)

    def __repr__(self) -> str:
        count = self.differences
        return f"<{self.left.short} | {self.right.short}: {counted(count, 'difference')}>"

    def text(self) -> str:
        """The differences as aligned lines."""
        return pairs_text.text(self.left, self.right, self.pairs)

    def html(self) -> str:
        """The differences as a table."""
        return pairs_html.html_of(self.left, self.right, self.pairs)

    def state(self) -> Mapping[str, Any]:
        """What the explorer in the browser draws."""
        return state.compared(self.left, self.right, self.pairs)
