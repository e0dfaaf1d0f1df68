"""The final screen as static HTML: it stays readable without a kernel, in light and dark themes.

Rule: everything from files and from the wire is escaped. Colours are the page's own (currentColor), and no meaning
hangs on a colour: borders and words carry it. The images have an alternative text.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hl7dicom_lab.views.study import words
from hl7dicom_lab.views.study.montage import MOST_SHOWN, montage, png
from hl7dicom_lab.views.study.text_form import lines_of, one_line

if TYPE_CHECKING:
    from hl7dicom_lab.model import Report
    from hl7dicom_lab.views.study.screen import StudyOnScreen

_BOX = "border:1px solid currentColor;border-radius:4px;padding:0.6em 0.8em"
_LOUD = "border:4px double currentColor;padding:0.6em 0.8em;margin:0 0 0.6em"
#: How many images: (columns, pixels of a tile).
_LAYOUTS = ((1, (1, 512)), (4, (2, 256)), (9, (3, 192)), (MOST_SHOWN, (6, 128)))


def as_html(study: StudyOnScreen) -> str:
    """The study as one HTML section; the one that stands beside it comes after it."""
    if study.beside is None:
        return _study(study)
    said = _loud(words.side_by_side(study, study.beside))
    return f"{said}{_study(study)}<p><strong>Beside it</strong></p>{_study(study.beside)}"


def _study(study: StudyOnScreen) -> str:
    return (
        '<section class="hl7dicom-study" aria-label="Study with images and report" style="text-align:left">'
        f"{_loud(words.warning(study), words.COVERED if study.covered else '')}{_banner(study)}"
        '<div style="display:flex;flex-wrap:wrap;gap:0.8em;margin-top:0.6em">'
        f"{_images(study)}{_report(study)}</div></section>"
    )


def _loud(warning: tuple[str, ...], last: str = "") -> str:
    if not warning:
        return ""
    title, *reasons = warning
    return (
        f'<div role="alert" style="{_LOUD}"><strong style="font-size:1.3em">&#9888; {_escaped(title)}</strong>'
        f"{_list(reasons)}{f'<strong>{_escaped(last)}</strong>' if last else ''}</div>"
    )


def _banner(study: StudyOnScreen) -> str:
    name, person, what = words.identity_lines(study.banner)
    spaced = "white-space:pre-wrap;overflow-wrap:anywhere"
    return (
        f'<header style="{_BOX};{spaced}"><strong style="font-size:1.3em">{_escaped(name)}</strong>'
        f"<br>{_apart(person)}<br>{_apart(what)}</header>"
    )


def _apart(line: str) -> str:
    """The facts of a line; one that has letters of another direction of writing is kept apart from its neighbours."""
    facts = map(_escaped, line.split(words.BETWEEN))
    return words.BETWEEN.join(fact if fact.isascii() else f"<bdi>{fact}</bdi>" for fact in facts)


def _images(study: StudyOnScreen) -> str:
    caption = _escaped(words.images_line(study))
    if not study.shown:
        return f'<p style="flex:1 1 24em;{_BOX}">{caption}</p>'
    columns, tile = next(layout for most, layout in _LAYOUTS if len(study.shown) <= most)
    encoded = base64.b64encode(png(montage(study.shown, columns, tile))).decode("ascii")
    numbers = [image.instance_number for image in study.shown if image.instance_number]
    order = f" Instances {numbers[0]} to {numbers[-1]}, row by row." if len(numbers) > 1 else ""
    return (
        '<figure style="flex:2 1 32em;margin:0">'
        f'<img src="data:image/png;base64,{encoded}" alt="{caption}.{_escaped(order)}" '
        'style="max-width:100%;height:auto;background:#000">'
        f"<figcaption>{caption}.{_escaped(order)}</figcaption>{_list(words.problems(study))}</figure>"
    )


def _report(study: StudyOnScreen) -> str:
    return f'<article aria-label="Report" style="flex:1 1 24em;{_BOX}">{_report_content(study)}</article>'


def _report_content(study: StudyOnScreen) -> str:
    if study.report is None:
        return f"<p>{words.NO_REPORT}</p>"
    if study.covered:
        return f"<p><strong>{_escaped(words.COVERED)}</strong></p>"
    status, facts = map(_escaped, words.report_lines(study.report))
    body = "\n".join(map(html.escape, lines_of(study.report.text or "(no text)")))
    earlier = "".join(map(_earlier, study.earlier))
    return (
        f"<strong>{status}</strong><br><small>{facts}</small>"
        '<div dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere;margin-top:0.6em;'
        f'border-top:1px solid currentColor;padding-top:0.6em">{body}</div>{earlier}'
    )


def _earlier(report: Report) -> str:
    """A version that no longer holds, shut."""
    _, facts = words.report_lines(report)
    body = "\n".join(map(html.escape, lines_of(report.text or "(no text)")))
    return (
        f"<details><summary>Earlier version: {_escaped(words.version_line(report))}</summary>"
        f"<strong>{words.SUPERSEDED}</strong><br><small>{_escaped(facts)}</small>"
        f'<div dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere">{body}</div></details>'
    )


def _list(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{_escaped(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def _escaped(text: str) -> str:
    return html.escape(one_line(text))
