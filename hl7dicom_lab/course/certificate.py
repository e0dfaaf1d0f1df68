"""The certificate: what a learner has shown, by skill, as a picture to keep.

Rule: it is honest. It tells first answers and solved exercises by skill, says that the course is formative and that the
answers ship with it, and attests nothing else. The date is the day of the last answer.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.dashboard import Standing
from hl7dicom_lab.course.lessons import LESSONS, Lesson
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.visible import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HONEST = (
    "A record of self-assessment. Answers and solutions ship with the course; nobody supervised it. "
    "Exercises are solved with or without hints; of every question the first answer counts."
)
#: Characters of a name at full size; longer ones are drawn smaller.
_WIDEST_NAME = 44


@dataclass(frozen=True)
class SkillShown:
    """What was shown of one skill."""

    lesson: Lesson
    solved: int
    with_solution: int
    exercises: int
    right: int
    answered: int


@dataclass(frozen=True)
class Certificate:
    """What a learner has shown. `save` draws it; in a notebook it shows itself as a table."""

    name: str
    day: str  # YYYY-MM-DD of the last answer; empty where nothing was answered
    skills: tuple[SkillShown, ...]

    @classmethod
    def of(cls, name: str, progress: Progress) -> Certificate:
        """The certificate of a learner, from progress."""
        entries = progress.entries()
        standing = Standing.of(entries)
        days = [one.at[:10] for one in entries if one.what in ("exercise", "question")]
        skills = tuple(_shown(lesson, standing) for lesson in LESSONS if lesson.skill)
        return cls(visible(" ".join(name.split())), max(days, default=""), skills)

    def save(self, path: Path | str = "certificate.png", *, logo: Path | str | None = None) -> Path:
        """Draw it into a PNG file, or a PDF where the name ends in `.pdf`; the file. `logo` is a PNG of who teaches.

        Raises `SetupError` where the logo cannot be read or the file cannot be written.
        """
        from matplotlib.figure import Figure

        target = Path(path).expanduser()
        figure = Figure(figsize=(11.7, 8.3), layout=None)
        _draw(figure, self)
        if logo is not None:
            _draw_logo(figure, Path(logo).expanduser())
        try:
            figure.savefig(target, dpi=120)
        except (OSError, ValueError) as problem:  # ValueError: a kind of file that cannot be drawn
            raise SetupError(
                f"the certificate cannot be written ({getattr(problem, 'strerror', None) or problem})",
                where=target.name,
                next_step="close the file if a program has it open, or give another name that ends in .png or .pdf",
            ) from problem
        return target

    def __str__(self) -> str:
        width = max(len(one.lesson.skill) for one in self.skills)
        done = max(len(_exercises(one)) for one in self.skills)
        lines = [f"{one.lesson.skill:{width}}  {_exercises(one):{done}}  {_questions(one)}" for one in self.skills]
        title = f"hl7dicom_lab: what {self.name or 'you'} showed{' by ' + self.day if self.day else ''}"
        return "\n".join([title, "", *lines, "", _HONEST])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left">{html.escape(one.lesson.skill)}</td>'
            f'<td style="text-align:left">{_exercises(one)}</td><td style="text-align:left">{_questions(one)}</td></tr>'
            for one in self.skills
        )
        day = f" by {html.escape(self.day)}" if self.day else ""
        return (
            f'<table style="text-align:left"><caption>What {html.escape(self.name or "you")} showed{day}</caption>'
            f"<tbody>{rows}</tbody></table><p>{html.escape(_HONEST)}</p>"
        )


def _shown(lesson: Lesson, standing: Standing) -> SkillShown:
    exercises = [one.id for one in contents.exercises_of(lesson.number)]
    bank = [one.id for one in contents.questions_of("11") if one.lesson == lesson.number]
    questions = [*bank, *(one.id for one in contents.questions_of(lesson.number))]
    first = [standing.first_answers[one] for one in questions if one in standing.first_answers]
    solved, looked_at = standing.solved.intersection(exercises), standing.with_solution.intersection(exercises)
    return SkillShown(lesson, len(solved), len(looked_at), len(exercises), sum(first), len(first))


def _exercises(one: SkillShown) -> str:
    seen = f" ({one.with_solution} with the solution seen)" if one.with_solution else ""
    return f"exercises {one.solved} of {one.exercises}{seen}"


def _questions(one: SkillShown) -> str:
    return f"questions {one.right} right of {one.answered} answered" if one.answered else "no question answered yet"


def _draw(figure: Figure, certificate: Certificate) -> None:
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.text(0.08, 0.88, "hl7dicom_lab", fontsize=15, color="#555555")
    axes.text(0.08, 0.80, "HL7 and DICOM in a radiology department", fontsize=25)
    _draw_name(axes, certificate)
    for place, one in enumerate(certificate.skills):
        y = 0.60 - place * 0.047
        axes.text(0.08, y, one.lesson.skill, fontsize=13)
        axes.text(0.33, y, _exercises(one), fontsize=13)
        axes.text(0.68, y, _questions(one), fontsize=13)
    first, rest = _HONEST.split(". ", 1)
    axes.text(0.08, 0.11, f"{first}.", fontsize=10.5, color="#555555")
    axes.text(0.08, 0.08, rest.split("Exercises", 1)[0], fontsize=10.5, color="#555555")
    axes.text(0.08, 0.05, "Exercises" + rest.split("Exercises", 1)[1], fontsize=10.5, color="#555555")


def _draw_logo(figure: Figure, logo: Path) -> None:
    """The logo at the top right, as large as it fits; it says who teaches, and attests nothing."""
    from matplotlib.image import imread

    try:
        picture = imread(logo, format="png")
    except (OSError, ValueError, SyntaxError) as problem:  # SyntaxError: how Pillow calls a PNG that is broken
        raise SetupError(
            f"the logo cannot be read ({getattr(problem, 'strerror', None) or problem})",
            where=logo.name,
            next_step="name a PNG that other programs open",
        ) from problem
    corner = figure.add_axes((0.74, 0.78, 0.2, 0.15), anchor="NE")
    corner.set_axis_off()
    corner.imshow(picture, aspect="equal", cmap="gray")


def _draw_name(axes: Axes, certificate: Certificate) -> None:
    from matplotlib.font_manager import FontProperties

    from hl7dicom_lab.views import glyphs

    name = glyphs.drawable(certificate.name) or "A learner"
    font = FontProperties(family=list(glyphs.families(name)), size=22 * min(1, _WIDEST_NAME / len(name)))
    axes.text(0.08, 0.71, name, fontproperties=font, parse_math=False)  # a name with a dollar sign is a name
    if certificate.day:
        axes.text(0.08, 0.665, f"last answer on {certificate.day}", fontsize=11, color="#555555")
