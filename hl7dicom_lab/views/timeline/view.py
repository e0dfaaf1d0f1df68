"""`lab.timeline()`: everything that went over the wire, as a sequence diagram that follows the traffic.

Clinical step: a person sees an examination pass through the department, and finds where it went wrong. Standards: HL7
v2 chapter 2 (acknowledgments), PS3.8 (associations), PS3.7 (DIMSE messages). Rules: systems are columns, each message
is an arrow in the order of time; failures show the rule that was broken and the repair; an arrow opens into the decoded
message and its bytes. The same traffic gives the same text and the same HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hl7dicom_lab.counted import counted
from hl7dicom_lab.trace import Protocol, Trace, checked_name
from hl7dicom_lab.views import live
from hl7dicom_lab.views.timeline import html_form, svg, text_form
from hl7dicom_lab.views.timeline.arrow import AE_TITLE_OF, PLACES, Arrow, column, columns
from hl7dicom_lab.views.timeline.fold import Entry, Fold, folded
from hl7dicom_lab.views.timeline.follower import Feed, Follower
from hl7dicom_lab.views.timeline.reading import Reading
from hl7dicom_lab.views.view import View

_NOTHING = "Nothing went over the wire yet."
_NOTHING_CHOSEN = "Nothing of what went over the wire is chosen here."


class Timeline(View):
    """The arrows of a trace, at the time when one looks. A widget goes on with what comes, unless `last` is given.

    `system` chooses the arrows of one system (its name or AE title), `protocol` is `"HL7"` or `"DICOM"`, `problems`
    leaves out what went well, `last` keeps the newest of these: a picture that stays as it is.
    """

    widget = "timeline"

    def __init__(
        self,
        trace: Trace,
        *,
        system: str = "",
        protocol: Protocol | None = None,
        problems: bool = False,
        last: int | None = None,
    ) -> None:
        self._trace = trace
        self._system = column(system) if checked_name(system) else ""
        self._protocol = protocol
        self._problems = problems
        self._last = last

    def __repr__(self) -> str:
        chosen, _ = self._chosen()
        arrows = [arrow for _, arrow in chosen]
        wrong = sum(arrow.is_problem for arrow in arrows)
        counts = (len(columns(arrows)), "system"), (len(arrows), "arrow"), (wrong, "problem")
        return f"<Timeline: {', '.join(counted(number, what) for number, what in counts)}>"

    def text(self) -> str:
        """The arrows as lines, with their problems and presentation contexts."""
        entries, left_out = self._entries()
        said = [] if entries else [self._nothing()]
        if entries:
            said = [f"Systems: {text_form.systems(self._columns(entries))}", text_form.LEGEND, ""]
            said += text_form.lines(entries)
        if left_out:
            said.append(f"({left_out} older arrows are left out)")
        return "\n".join(said)

    def html(self) -> str:
        """The diagram, and the same as a table."""
        entries, left_out = self._entries()
        if not entries:
            return f"<p>{self._nothing()}</p>"
        return html_form.page(entries, self._columns(entries), left_out)

    def svg(self) -> str:
        """The diagram as a picture that stands by itself."""
        entries, _ = self._entries()
        return svg.drawn(entries, self._columns(entries), alone=True)

    def save(self, path: Path | str) -> Path:
        """Write the diagram as an SVG file, which browsers and drawing programs open."""
        target = Path(path)
        target.write_text(self.svg(), encoding="utf-8", newline="\n")
        return target

    def state(self) -> Mapping[str, Any]:
        """The arrows of now, and how they are chosen."""
        feed, begun = self._begun()
        Follower.of(self._trace).end(feed)
        return begun

    def _ipython_display_(self) -> None:
        if not live.switched_on():
            super()._ipython_display_()
            return
        feed, begun = self._begun()
        live.show(
            self.widget,
            begun,
            text=self.text(),
            html=self.html(),
            on_message=feed.asked,
            on_made=feed.follow,
        )

    def _begun(self) -> tuple[Feed, dict[str, Any]]:
        """What a widget is told now, and what tells it the rest: all that comes, or only more of a picture's arrows."""
        follower, chosen = Follower.of(self._trace), self._chosen() if self._last is not None else None
        feed = follower.feed(None if chosen is None else {arrow.id: number for number, arrow in chosen[0]})
        begun = feed.begin() if chosen is None else feed.begin() | {"left_out": chosen[1]}
        how = {"system": self._system, "protocol": self._protocol or "", "problems": self._problems}
        return feed, begun | {"chosen": how, "places": list(PLACES), "titles": AE_TITLE_OF}

    def _chosen(self) -> tuple[list[tuple[int, Arrow]], int]:
        """The arrows that are asked for, with their numbers; and how many are left out before them."""
        reading = Reading()
        reading.update(self._trace)
        tests: list[Callable[[Arrow], bool]] = []
        if self._system:
            wanted = self._system.casefold()
            tests.append(lambda one: wanted in (one.sender.casefold(), one.receiver.casefold()))
        if self._protocol:
            tests.append(lambda one: one.protocol == self._protocol)
        if self._problems:
            tests.append(lambda one: one.is_problem)
        numbered = list(enumerate(reading.arrows(), reading.left_out + 1))
        chosen = [(number, arrow) for number, arrow in numbered if all(test(arrow) for test in tests)]
        cut = 0 if self._last is None else max(0, len(chosen) - self._last)
        return chosen[cut:], cut + reading.left_out

    def _entries(self) -> tuple[list[tuple[int, Entry]], int]:
        chosen, left_out = self._chosen()
        number_of = {arrow.id: number for number, arrow in chosen}
        entries = folded([arrow for _, arrow in chosen])
        return [(number_of[(one.first if isinstance(one, Fold) else one).id], one) for one in entries], left_out

    def _columns(self, entries: list[tuple[int, Entry]]) -> tuple[str, ...]:
        return columns(_arrows(entries))

    def _nothing(self) -> str:
        return _NOTHING_CHOSEN if self._system or self._protocol or self._problems else _NOTHING


def _arrows(entries: list[tuple[int, Entry]]) -> Iterator[Arrow]:
    for _, entry in entries:
        yield from entry.arrows if isinstance(entry, Fold) else (entry,)
