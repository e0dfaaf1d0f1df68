"""Under every seed the checks are right, and neighbours differ in UIDs and in the questions of the test."""

from __future__ import annotations

import getpass

import pytest

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.drawn_test import draw, number_under
from hl7dicom_lab.course.exercise import judge, run
from hl7dicom_lab.course.lesson import open_lesson
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.marking import key
from hl7dicom_lab.course.seed import ALIAS_VARIABLE, PER_LEARNER, VARIABLE, chosen_seed, seed_of
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.verdict import Outcome

SEEDS = (2, seed_of("zoe"), 9_999)
BANK = contents.questions_of("11")


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (VARIABLE, ALIAS_VARIABLE, "JUPYTERHUB_USER"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("number", [one.number for one in LESSONS if contents.exercises_of(one.number)])
def test_every_reference_solution_is_right_under_every_seed(number: str, seed: int) -> None:
    for exercise in contents.exercises_of(number):
        with open_lesson(number, seed=seed) as lab:
            run(exercise.before, lab)
            verdict = judge(exercise, lab, run(exercise.solution, lab)[exercise.answer])
            assert verdict.outcome is Outcome.CORRECT, (exercise.id, verdict)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_keys_of_a_test_are_right_under_every_seed(seed: int) -> None:
    with open_lesson("11", seed=seed) as lab:
        test = lab.draw_test(1)
        verdicts = [test.answer(place, key(lab.quiz(one).question())) for place, one in enumerate(test.ids, 1)]
        assert all(one.correct for one in verdicts)
        assert len(verdicts) == 20


def test_neighbours_differ_in_uids_and_in_nothing_that_the_story_names() -> None:
    seen = []
    for seed in (1, 2):
        with open_lesson("08", seed=seed) as lab:
            seen.append([(s.accession_number, s.patient_id, s.study_instance_uid) for s in lab.pacs.studies()])
    assert [one[:2] for one in seen[0]] == [one[:2] for one in seen[1]]
    assert not {one[2] for one in seen[0]} & {one[2] for one in seen[1]}


def test_neighbours_are_asked_other_questions() -> None:
    asked = [{one.id for one in draw(BANK, number_under(seed, 1))} for seed in (1, *SEEDS)]
    for one in range(len(asked)):
        for other in range(one):
            assert len(asked[one] & asked[other]) < 10, "of twenty"


def test_the_tests_of_one_seed_do_not_repeat_each_other() -> None:
    for seed in SEEDS:
        five = [one.id for number in range(1, 6) for one in draw(BANK, number_under(seed, number))]
        assert len(set(five)) == len(five) == 100


def test_the_tests_of_everybody_are_as_they_were() -> None:
    assert [number_under(1, number) for number in (1, 2, 7)] == [1, 2, 7]


@pytest.mark.parametrize(("said", "seed"), [("", 1), (" ", 1), ("1", 1), (" 42 ", 42), ("9999", 9_999)])
def test_the_environment_chooses_a_number(monkeypatch: pytest.MonkeyPatch, said: str, seed: int) -> None:
    monkeypatch.setenv(VARIABLE, said)
    assert chosen_seed() == seed


@pytest.mark.parametrize("said", ["0", "-1", "10000", "1.5", "per learner", "٣", "x" * 9])
def test_what_is_no_seed_is_told(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(VARIABLE, said)
    with pytest.raises(SetupError, match="from 1 to 9,999, or per-learner") as caught:
        open_lesson("00")
    assert VARIABLE in caught.value.where


def test_a_name_has_always_the_same_seed() -> None:
    assert seed_of("zoe") == seed_of(" Zoe ") == 9_645
    assert seed_of("Zoë") == seed_of("Zoe\u0308")
    seeds = [seed_of(f"learner{number:02}") for number in range(40)]
    assert len(set(seeds)) == 40
    assert all(2 <= seed <= 9_999 for seed in seeds)


def test_per_learner_takes_alias_then_hub_then_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PER_LEARNER.upper())
    monkeypatch.setattr(getpass, "getuser", lambda: "login")
    assert chosen_seed() == seed_of("login")
    monkeypatch.setenv("JUPYTERHUB_USER", "hub")
    assert chosen_seed() == seed_of("hub")
    monkeypatch.setenv(ALIAS_VARIABLE, "alias")
    assert chosen_seed() == seed_of("alias")
    with open_lesson("00") as lab:
        assert lab.mint.seed == seed_of("alias")
    with open_lesson("00", seed=5) as lab:
        assert lab.mint.seed == 5


def test_a_machine_without_names_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setenv(VARIABLE, PER_LEARNER)
    monkeypatch.setattr(getpass, "getuser", nobody)
    with pytest.raises(SetupError, match=ALIAS_VARIABLE):
        chosen_seed()
