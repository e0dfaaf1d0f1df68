"""Which part of a lesson stands on which slide, and what only the speaker sees. Nothing of the lesson is left out.

Rules, in the order in which a notebook is read:

* a heading begins a slide;
* the answer to a prediction (`*Look:*`) and the notes for the instructor are the speaker's;
* of a long text the lists, tables, code and predictions stay on the slide, and the whole of it goes to the speaker;
* what does not fit goes on on a further slide of the same heading;
* an exercise shows its task and its cell without a verdict, and nothing that comes after it; a quiz shows its question
  without the cell, on a slide of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["text", "code", "exercise", "question", "notes"]

#: Characters of a text that people read from a wall while somebody speaks.
_LONG = 420
#: Lines that a slide holds, and what a picture or a table of a view takes of them.
_LINES, _VIEW_LINES = 22, 13
_WIDTH = 88
_FENCE = re.compile(r"^```", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,3}) (.+)$")
_STAYS = ("- ", "* ", "|", "```", "#", "*Predict:*", "1. ", "2. ", "3. ", "4. ", "5. ", "6. ", "7. ", "8. ")


@dataclass(frozen=True)
class Part:
    """A piece of a cell: text for the slide, a cell with what it printed, a question, or notes for the speaker."""

    kind: Kind
    text: str
    outputs: tuple[Mapping[str, Any], ...] = ()

    @property
    def lines(self) -> int:
        """About how many lines it takes."""
        if self.kind == "notes":
            return 0
        own = sum(1 + len(line) // _WIDTH for line in self.text.splitlines())
        return own + sum(_output_lines(one) for one in self.outputs)


@dataclass(frozen=True)
class Slide:
    """One slide: its heading, whether it goes on with the one before, and its parts in order."""

    heading: str
    further: bool = False
    parts: tuple[Part, ...] = field(default=())

    @property
    def shown(self) -> tuple[Part, ...]:
        """What the room sees."""
        return tuple(part for part in self.parts if part.kind != "notes")

    @property
    def notes(self) -> tuple[Part, ...]:
        """What the speaker sees."""
        return tuple(part for part in self.parts if part.kind == "notes")

    @property
    def full(self) -> int:
        """The lines that are taken."""
        return sum(part.lines for part in self.parts)

    def with_part(self, part: Part) -> Slide:
        """The slide with one part more."""
        return replace(self, parts=(*self.parts, part))


def slides_of(notebook: Mapping[str, Any]) -> tuple[Slide, ...]:
    """The slides of a notebook (nbformat 4), in order; the first is its title, with the instructor's notes."""
    slides: list[Slide] = []
    for_the_instructor: list[Part] = []
    for cell in notebook["cells"]:
        text, tags = "".join(cell["source"]).strip(), cell["metadata"].get("tags", [])
        if "instructor" in tags:
            for_the_instructor.append(Part("notes", text))
        elif cell["cell_type"] == "markdown":
            for heading, body in _sections(text):
                if heading or not slides:
                    slides.append(Slide(heading))
                _add_all(slides, _of_text(body))
        elif cell["cell_type"] == "code":
            _add_all(slides, _of_code(text, tags, cell.get("outputs", [])))
    if slides and for_the_instructor:
        slides[0] = replace(slides[0], parts=(*slides[0].parts, *for_the_instructor))
    return tuple(slides)


def _add_all(slides: list[Slide], parts: Iterator[Part]) -> None:
    for part in parts:
        _add(slides, part)


def _add(slides: list[Slide], part: Part) -> None:
    """Put a part onto the last slide, or onto a further one where that is full."""
    if not slides:
        slides.append(Slide(""))
    last = slides[-1]
    if part.kind != "notes" and last.shown:
        alone = part.kind == "question" or last.shown[-1].kind in ("exercise", "question")
        if alone or last.full + part.lines > _LINES:
            slides.append(Slide(last.heading, further=True))
    slides[-1] = slides[-1].with_part(part)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """The text cut before each heading: heading and what is below it. Headings in code are none."""
    heading, lines, in_code = "", list[str](), False
    for line in text.splitlines():
        in_code ^= line.startswith("```")
        found = None if in_code else _HEADING.match(line)
        if found:
            if heading or lines:
                yield heading, "\n".join(lines).strip()
            heading, lines = found[2], []
        else:
            lines.append(line)
    yield heading, "\n".join(lines).strip()


def _of_text(text: str) -> Iterator[Part]:
    """A text as parts: short ones as they are, of long ones what is easily read, and all of it as notes."""
    blocks = tuple(_blocks(text))
    shown = [block for block in blocks if not block.startswith("*Look:*")]
    told = [block for block in blocks if block.startswith("*Look:*")]
    if told:
        yield Part("notes", "\n\n".join(told))
    if sum(map(len, shown)) > _LONG:
        yield Part("notes", "\n\n".join(shown))
        kept = [block for block in shown if block.startswith(_STAYS)]
        # A question that stands in bold, or the first sentence, says what the slide is about.
        shown = shown[:1] + [block for block in kept if block is not shown[0]]
    for block in shown:
        yield Part("text", block)


def _blocks(text: str) -> Iterator[str]:
    """The paragraphs, lists, tables and pieces of code of a text; code with empty lines stays one."""
    block: list[str] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= bool(_FENCE.match(line))
        if line.strip() or in_code:
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join(block)


def _of_code(text: str, tags: list[str], outputs: list[Mapping[str, Any]]) -> Iterator[Part]:
    if "quiz" in tags:  # the question is what the cell prints; its answer is in no notebook
        asked = "\n\n".join("".join(one.get("data", {}).get("text/plain", "")) for one in outputs)
        yield Part("question", "", ({"output_type": "stream", "name": "stdout", "text": asked or text},))
    elif "exercise" in tags:
        yield Part("exercise", text)
    elif (together := Part("code", text, tuple(outputs))).lines <= _LINES:
        yield together
    else:
        yield Part("code", text)
        yield Part("code", "", tuple(outputs))


def _output_lines(output: Mapping[str, Any]) -> int:
    data = output.get("data", {})
    if "text/html" in data or "image/png" in data:
        return _VIEW_LINES
    said = "".join(output.get("text", "") or data.get("text/plain", ""))
    return min(len(said.splitlines()), _VIEW_LINES)
