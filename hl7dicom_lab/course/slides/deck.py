"""`hl7dicom-lab slides`: each lesson as a deck in one HTML file, drawn by nbconvert.

Rules: the file fetches nothing and sends nothing, which its content security policy enforces; it works by keyboard and,
without JavaScript, as one long page. The same notebook always gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hl7dicom_lab.course.lessons import LESSONS, Lesson
from hl7dicom_lab.course.slides.plan import Part, Slide, slides_of
from hl7dicom_lab.institution import Institution
from hl7dicom_lab.institution.logo import logo_html
from hl7dicom_lab.os_errors import told

_HERE = Path(__file__).resolve().parent
_STYLE = "default"


def deck_name(lesson: Lesson) -> str:
    """The name of a lesson's slides: `04_query_the_worklist.slides.html`."""
    return f"{lesson.number}_{lesson.slug}.slides.html"


def write_decks(
    course: Path, folder: Path, lessons: Sequence[Lesson] = LESSONS, institution: Institution | None = None
) -> Iterator[tuple[Path, int]]:
    """Write the slides of each lesson into a folder: the file, and how many slides. Earlier files are replaced.

    The first slide bears the logo of an institution that has one. Raises `SetupError` where the logo cannot be read, or
    the folder cannot be written.
    """
    target = folder.expanduser().absolute()
    logo = logo_html(institution)
    for lesson in lessons:
        slides = slides_of(json.loads((course / lesson.file_name).read_text(encoding="utf-8")))
        path = target / deck_name(lesson)
        text = deck(f"{lesson.number} {lesson.title}", slides, logo)
        with told("the slides cannot be written", path, "choose a folder that you may write to: `--to FOLDER`"):
            target.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        yield path, len(slides)


def deck(title: str, slides: Sequence[Slide], logo: str = "") -> str:
    """The slides as one HTML page; `logo` is HTML, for the first of them."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    script = (_HERE / "deck.js").read_text(encoding="utf-8")
    options = Config()
    options.HTMLExporter.template_name = "basic"  # cells and outputs without a page around them
    options.HTMLExporter.exclude_input_prompt = True
    options.HTMLExporter.exclude_output_prompt = True
    options.HTMLExporter.exclude_anchor_links = True
    exporter = HTMLExporter(config=options)  # type: ignore[no-untyped-call] # nbconvert has few types
    heads = (logo, *[""] * len(slides))
    body = "\n".join(
        _section(number, slide, slides, head, *_drawn(exporter, slide))
        for number, (slide, head) in enumerate(zip(slides, heads, strict=False), 1)
    )
    return _PAGE.format(
        title=html.escape(title),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{_digest(script)}'",
        style=(_HERE / "deck.css").read_text(encoding="utf-8") + _highlighting(),
        body=body,
        script=script,
    )


def _drawn(exporter: Any, slide: Slide) -> tuple[str, str]:
    """What the room sees and what the speaker sees, as HTML."""
    return _export(exporter, slide.shown), _export(exporter, slide.notes)


def _export(exporter: Any, parts: Sequence[Part]) -> str:
    import nbformat

    if not parts:
        return ""
    cells = [_cell(place, part) for place, part in enumerate(parts)]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook = nbformat.from_dict(content)  # type: ignore[no-untyped-call] # nbformat has no types yet
    text, _ = exporter.from_notebook_node(notebook)
    return str(text).replace('.ipynb">', '.slides.html">').strip()


def _cell(place: int, part: Part) -> dict[str, Any]:
    cell: dict[str, Any] = {"id": f"part-{place}", "metadata": {}, "source": part.text}
    if part.kind in ("text", "notes"):
        return cell | {"cell_type": "markdown"}
    cell["metadata"] = {"tags": [part.kind]} | ({} if part.text else {"transient": {"remove_source": True}})
    outputs = [_joined(dict(one)) for one in part.outputs]
    return cell | {"cell_type": "code", "execution_count": None, "outputs": outputs}


def _joined(output: dict[str, Any]) -> dict[str, Any]:
    """An output of a notebook file, with its lines joined as nbformat keeps them in memory."""
    if "text" in output:
        output["text"] = "".join(output["text"])
    if "data" in output:
        output["data"] = {kind: "".join(value) for kind, value in output["data"].items()}
    return output


def _section(number: int, slide: Slide, slides: Sequence[Slide], head: str, shown: str, notes: str) -> str:
    heading = html.escape(slide.heading.replace("`", "")) + (" <small>(further)</small>" if slide.further else "")
    aside = f'<aside class="notes" aria-label="Notes for the speaker">{notes}</aside>' if notes else ""
    return (
        f'<section id="slide-{number}" class="slide" aria-label="Slide {number} of {len(slides)}">'
        f"{head}<h1>{heading}</h1>\n<div class='shown' tabindex='0'>{shown}</div>\n{aside}"
        f"<footer>{number} / {len(slides)}</footer></section>"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _highlighting() -> str:
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped] # it has no types of its own

    return str(HtmlFormatter(style=_STYLE).get_style_defs(".highlight"))


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<header class="help">Right and left turn the slides. N: notes. S: a second window with notes, for the speaker.</header>
<main>
{body}
</main>
<script>{script}</script>
</body>
</html>
"""
