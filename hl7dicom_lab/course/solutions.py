"""`hl7dicom-lab workspace --solutions FOLDER`: the lessons for the instructor, solved, answered, and run.

Rules: they are made from the package's own solutions and keys (`solved.py`), and what they print is what those brought
about. They lie in no learner's work folder, nor in the course itself, and have names of their own, so that nothing of
anybody is overwritten.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hl7dicom_lab.course.lessons import LESSONS, Lesson
from hl7dicom_lab.course.refresh import run
from hl7dicom_lab.course.solved import solved
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.os_errors import told
from hl7dicom_lab.workspace import is_work_folder

#: The question as a learner sees it, and below it the answer and why.
_QUIZ = """\
quiz = lab.quiz("{id}")
display(quiz)
quiz.show_answer()"""
#: Answered first, so that the result below is that of a test in which all is right.
_TEST = """
from hl7dicom_lab.course.marking import key

display(test)
for number, question_id in enumerate(test.ids, 1):
    print(number, test.answer(number, key(lab.quiz(question_id).question())).heading)
    print(lab.quiz(question_id).show_answer())"""
_LINK = re.compile(r"\]\((\d\d_\w+)\.ipynb\)")


def solution_name(lesson: Lesson) -> str:
    """The name of a solved notebook: `04_query_the_worklist.solution.ipynb`."""
    return f"{lesson.number}_{lesson.slug}.solution.ipynb"


def lay_solutions(course: Path, folder: Path, lessons: Sequence[Lesson] = LESSONS) -> Iterator[Path]:
    """Write the solved notebooks of a course into a folder, each as soon as it has run; earlier ones are replaced.

    Raises `SetupError` for a learner's work folder or the course's own, and where the folder cannot be written.
    """
    target = folder.expanduser().absolute()
    _keep_out_of_the_way(course, target)
    for lesson in lessons:
        text = _solution(course / lesson.file_name)
        yield _write(target, solution_name(lesson), text)


def _solution(source: Path) -> str:
    """A lesson solved and run, in an empty folder: what a lesson writes to disk is not part of it."""
    text = solved(source.read_text(encoding="utf-8"), quiz=_QUIZ, test=_TEST)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        return _LINK.sub(r"](\1.solution.ipynb)", run(text, Path(empty) / source.name))


def _keep_out_of_the_way(course: Path, target: Path) -> None:
    real = target.resolve()
    for place in (real, *real.parents):
        if place == course.resolve():
            raise SetupError(
                "solutions do not belong into the course's own notebooks",
                where=str(target),
                next_step="choose a folder that is the instructor's alone",
            )
        if is_work_folder(place):
            raise SetupError(
                f"solutions do not belong into a learner's work folder ({place} is one)",
                where=str(target),
                next_step="choose a folder that is the instructor's alone, outside of it",
            )


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    with told("the solutions cannot be written", path, "choose a folder that you may write to"):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return path
