"""Lesson 11: the bank of the final test. The questions of each skill stand with the lesson that teaches it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.question import Question

_MODULES = [f"{__package__}.bank_{lesson.number}" for lesson in LESSONS if lesson.skill]

QUESTIONS: tuple[Question, ...] = tuple(
    question for module in _MODULES if find_spec(module) for question in import_module(module).QUESTIONS
)
