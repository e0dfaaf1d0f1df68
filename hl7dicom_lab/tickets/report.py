"""The report of a ticket: what was seen, asked, concluded and done, and what it was.

Rule: what it was stands in the report only when the ticket is closed.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

from hl7dicom_lab.counted import counted

_LEFT = "text-align:left"


@dataclass(frozen=True)
class TicketReport:
    """The report, ready to print or to hand on. `parts` are headings with their lines."""

    heading: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]

    def __str__(self) -> str:
        blocks = [
            self.heading,
            *("\n".join([f"{name}:", *(f"  {one}" for one in lines)]) for name, lines in self.parts),
        ]
        return "\n\n".join(blocks)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="{_LEFT};vertical-align:top">{html.escape(name)}</th>'
            f'<td style="{_LEFT};overflow-wrap:anywhere">{"<br>".join(map(html.escape, lines))}</td></tr>'
            for name, lines in self.parts
        )
        return f'<table style="{_LEFT}"><caption>{html.escape(self.heading)}</caption><tbody>{rows}</tbody></table>'


def calls_used(used: int, budget: int) -> str:
    """How the calls compare with the budget, in words."""
    over = f", {used - budget} over the budget" if used > budget else ""
    return f"{used} of {counted(budget, 'call')} used{over}"
