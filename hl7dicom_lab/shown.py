"""Words for the learner, and code if there is some: what a hint or a solution gives to look at."""

from __future__ import annotations

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """A text, and below it a piece of code."""

    words: str
    code: str = ""

    def __str__(self) -> str:
        return f"{self.words}\n\n{self.code}" if self.code else self.words

    __repr__ = __str__

    def _repr_html_(self) -> str:
        code = f"<pre>{html.escape(self.code)}</pre>" if self.code else ""
        return f'<div role="status" style="text-align:left"><p>{html.escape(self.words)}</p>{code}</div>'
