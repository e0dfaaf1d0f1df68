"""What a person looks at: one thing in four forms that say the same.

Rules: `print(view)` gives text, for screen readers and for the comparison of notebooks; a notebook that nobody runs
shows static HTML; where a kernel runs, the widget stands in its place. `repr` is short and stable. A view looks at
values; it changes nothing in the department.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from hl7dicom_lab.views import live


class View(ABC):
    """The base of every view. A class says which widget it is (`widget`) and gives text, HTML and state."""

    #: The name of `browser/NAME.js` and `browser/NAME.css`.
    widget: ClassVar[str]

    @abstractmethod
    def text(self) -> str:
        """Everything that the view shows, as lines of text. Control characters are visible."""

    @abstractmethod
    def html(self) -> str:
        """The view as static HTML without scripts; text from the wire is escaped."""

    @abstractmethod
    def state(self) -> Mapping[str, Any]:
        """What the widget gets: JSON values, and bytes, which arrive as DataView."""

    def answer(self, message: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 # for views that are asked
        """What is new in the widget's `reply` after a message of the browser."""
        return {}

    def sent(self, state: dict[str, Any]) -> None:  # noqa: B027 # only who holds much has to let go of it
        """The state is on its way, and the other forms are made: what is large need not be kept."""

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()

    def _ipython_display_(self) -> None:
        state = dict(self.state()) if live.switched_on() else {}
        live.show(self.widget, state, text=self.text(), html=self.html(), on_message=self.answer)
        self.sent(state)
