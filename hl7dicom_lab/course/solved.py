"""The solved lesson: a notebook in which every exercise has its reference solution and every quiz its answer.

For the regression run and for instructors. Rule: it is built from the package's own solutions and keys, cell by cell,
and nothing else of the notebook changes; so what is shown as a solution is what was run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hl7dicom_lab.course import contents
from hl7dicom_lab.errors import CannotBuild

_EXERCISE = re.compile(r'ex = lab\.exercise\("([\w-]+)"\)')
_QUIZ = re.compile(r'^\s*lab\.quiz\("([\w-]+)"\)\s*$')
#: The answer of a quiz cell is looked up when the cell runs: some are about what the cells above brought about.
_ANSWERED = """\
from hl7dicom_lab.course.marking import key

quiz = lab.quiz("{id}")
quiz.answer(key(quiz.question()))"""


#: The test of lesson 11, whose questions are drawn when its cell runs.
_TEST = "test = lab.draw_test("
_TEST_ANSWERED = """
from hl7dicom_lab.course.marking import key

for number, question_id in enumerate(test.ids, 1):
    print(test.answer(number, key(lab.quiz(question_id).question())).heading)"""


@dataclass(frozen=True)
class Asked:
    """A cell that asks: its place in the notebook, and the exercise or question."""

    place: int
    kind: str  # exercise, quiz
    id: str


def asked_in(notebook: dict[str, Any]) -> tuple[Asked, ...]:
    """The exercise and quiz cells of a notebook, by their tags.

    Raises `CannotBuild` for a tagged cell that asks nothing, or one that asks without its tag.
    """
    return tuple(_asked(notebook))


def _asked(notebook: dict[str, Any]) -> Iterator[Asked]:
    for place, cell in enumerate(notebook["cells"]):
        source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
        if cell["cell_type"] != "code":
            continue
        exercise, quiz = _EXERCISE.match(source), _QUIZ.match(source)
        kind, found = ("exercise", exercise) if exercise else ("quiz", quiz)
        if bool(found) != bool({"exercise", "quiz"} & set(tags)) or (found and kind not in tags):
            raise CannotBuild(
                "the tag of the cell and what it asks do not agree",
                where=f"cell {cell.get('id', place)}",
                next_step="tag cells with lab.exercise(...) as exercise, and cells with only lab.quiz(...) as quiz",
            )
        if found:
            yield Asked(place, kind, found.group(1))


def solved(text: str, *, quiz: str = _ANSWERED, test: str = _TEST_ANSWERED) -> str:
    """A notebook (nbformat 4) with its exercises solved and its quizzes answered, without outputs.

    `quiz` is the code of a quiz cell, with `{id}` in it, and `test` what follows the drawn test.
    """
    notebook: dict[str, Any] = json.loads(text)
    for one in asked_in(notebook):
        cell = notebook["cells"][one.place]
        code = _solution(one.id) if one.kind == "exercise" else quiz.format(id=one.id)
        cell["source"] = code.splitlines(keepends=True)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
            if "".join(cell["source"]).startswith(_TEST):
                cell["source"] = [*cell["source"], *test.splitlines(keepends=True)]
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _solution(exercise_id: str) -> str:
    exercise = contents.exercise(exercise_id)
    return f'ex = lab.exercise("{exercise_id}")\n{exercise.solution.strip()}\nex.check({exercise.answer})'
