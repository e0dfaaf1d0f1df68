"""An exercise: something the learner writes, and a check that looks at what it brings about.

    ex = lab.exercise("04-e1")
    query = ...
    ex.check(query)          # correct | not yet, and why | not attempted | could not be checked
    ex.hint()                # three of them, from a nudge to nearly the answer
    ex.solution()            # runnable code, the very code that the tests run
    query = lab.exercise("04-e1").use(query)    # yours if it is right, the reference if not: the lesson always goes on

Rule: the check looks at what the systems received and hold wherever it can, not at how the code was written; every
common mistake has a name and its own feedback, and the tests make each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import LabError
from hl7dicom_lab.shown import Shown
from hl7dicom_lab.verdict import Outcome, Verdict, not_attempted, not_checked, wrong

if TYPE_CHECKING:
    from hl7dicom_lab.lab import Lab

Check = Callable[["Lab", Any], Verdict]


class Unfinished(Exception):
    """A check found a blank: a function that still returns `...`. It becomes "not attempted"."""


class YourCodeRaises(Exception):
    """A check called the learner's function, and it raised; `words` tell with what."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


@dataclass(frozen=True)
class Mistake:
    """A common mistake: its name, code that makes it, and a part of the feedback that it must get."""

    name: str
    code: str
    says: str


@dataclass(frozen=True)
class Exercise:
    """One exercise as it is written down. `answer` is the variable that the learner fills.

    `solution` is complete code that may use `lab` and leaves the answer in that variable. `before` is what the cells
    above the exercise do to the department, for the tests, which begin at the lesson's start.
    """

    id: str
    title: str
    answer: str
    check: Check
    hints: tuple[str, str, str]
    solution: str
    mistakes: tuple[Mistake, ...]
    before: str = ""

    @property
    def lesson(self) -> str:
        """The number of the lesson it belongs to."""
        return self.id.partition("-")[0]


class OpenExercise:
    """An exercise in a running lesson, as the learner holds it."""

    def __init__(self, exercise: Exercise, lab: Lab, progress: Progress) -> None:
        self._exercise = exercise
        self._lab = lab
        self._progress = progress
        self._hints_given = 0
        self._reference: Any = ...

    def check(self, answer: Any = ...) -> Verdict:
        """Look at an answer. Never raises: whatever goes wrong is told in the verdict."""
        verdict = judge(self._exercise, self._lab, answer)
        if verdict.outcome in (Outcome.CORRECT, Outcome.INCORRECT):
            self._progress.exercise(self._exercise.id, verdict)
        return verdict

    def hint(self) -> Shown:
        """The next of three hints; after the third, the third again."""
        number = min(self._hints_given + 1, len(self._exercise.hints))
        self._hints_given = number
        self._progress.hint(self._exercise.id, number)
        return Shown(f"Hint {number} of {len(self._exercise.hints)}: {self._exercise.hints[number - 1]}")

    def solution(self) -> Shown:
        """One way to solve it, as code that runs."""
        self._progress.solution(self._exercise.id)
        return Shown(f"One solution of {self._exercise.id}:", code=self._exercise.solution.strip())

    def use(self, answer: Any = ...) -> Any:
        """Your answer if it is right, else what the reference solution gives: the lesson always goes on."""
        if judge(self._exercise, self._lab, answer).correct:
            return answer
        print(f"The lesson goes on with the solution of {self._exercise.id}.")  # noqa: T201 # said to the learner
        return self.reference()

    def reference(self) -> Any:
        """What the reference solution gives. It runs once in a lesson, however often it is asked for."""
        if self._reference is ...:
            self._reference = run(self._exercise.solution, self._lab)[self._exercise.answer]
        return self._reference

    def __repr__(self) -> str:
        return f"<Exercise {self._exercise.id}: {self._exercise.title}>"


def judge(exercise: Exercise, lab: Lab, answer: Any) -> Verdict:
    """The verdict on an answer, without writing it down."""
    if not lab.running:
        return not_checked("The department has stopped. Run the first cell of the lesson, then this one again.")
    try:
        return not_attempted() if blank(answer) else exercise.check(lab, answer)
    except Unfinished:
        return not_attempted()
    except YourCodeRaises as problem:
        return wrong("raises", problem.words)
    except LabError as problem:
        return not_checked(
            f"{str(problem).rstrip('.')}. If it goes on, run the first cell of the lesson and start from there."
        )
    except Exception as problem:  # an answer of a form nobody thought of must not end in a traceback
        return not_checked(
            f"{type(problem).__name__}: {problem}. The check expected an answer of another form: "
            "compare yours with the example above the exercise, or ask ex.hint()."
        )


def blank(answer: Any) -> bool:
    """Whether an answer, or a part of it, is still `...`."""
    if isinstance(answer, str):
        return answer.strip() in ("", "...", "Ellipsis")
    if isinstance(answer, Mapping):
        return any(blank(value) for value in answer.values())
    if isinstance(answer, (list, tuple, set)):
        return any(value is ... or blank(value) for value in answer if not isinstance(value, str))
    return answer is ... or answer is None


def call(function: Any, *arguments: Any) -> Any:
    """Call the learner's function for a check.

    Raises `Unfinished` where it returns `...`, `YourCodeRaises` where it fails or is no function.
    """
    if not callable(function):
        raise YourCodeRaises(f"The check expects a function, and this is a value of type {type(function).__name__}.")
    try:
        result = function(*arguments)
    except Exception as problem:  # whatever the learner's code does belongs into the feedback
        said = f": {problem}" if str(problem) else ""
        raise YourCodeRaises(f"Your function raises {type(problem).__name__}{said}.") from problem
    if result is ...:
        raise Unfinished
    if result is None:
        raise YourCodeRaises("Your function gives back nothing. End it with a line that begins with return.")
    return result


def run(code: str, lab: Lab) -> dict[str, Any]:
    """Run a solution or a listed mistake in a lesson's department; the names that it leaves."""
    names: dict[str, Any] = {"lab": lab}
    exec(compile(code, "<solution>", "exec"), names)
    return names
