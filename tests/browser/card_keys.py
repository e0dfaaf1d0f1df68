"""A quiz card answered by keyboard alone: each kind of question by the keys that its form takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def give(card: Locator, answer: str) -> None:
    """Answer the question of a card with the letters, pairs, number or text that `key` gives, and check it."""
    if card.get_by_role("radio").count():
        _choose_one(card, answer)
    elif card.get_by_role("checkbox").count():
        _choose_several(card, answer.split())
    elif card.locator("select").count():
        _match(card, answer.split())
    elif card.locator("li").count():
        _order(card, answer.split())
    else:
        field = card.get_by_role("textbox")
        field.fill(answer)
        field.press("Enter")
        return
    check = card.get_by_role("button", name="Check")
    check.focus()
    check.press("Enter")


def another(card: Locator, answer: str) -> str:
    """An answer of the same form that is not right."""
    if card.get_by_role("radio").count():
        letters = [card.get_by_role("radio").nth(place).input_value() for place in range(2)]
        return next(letter for letter in letters if letter != answer)
    if card.get_by_role("checkbox").count():
        letters = [box.input_value() for box in card.get_by_role("checkbox").all()]
        return next(letter for letter in letters if letter not in answer)
    if card.locator("select").count():
        first, *others = answer.split()
        return " ".join([f"1{'a' if first != '1a' else 'b'}", *others])
    if card.locator("li").count():
        first, second, *others = answer.split()
        return " ".join([second, first, *others])
    return f"{answer}7"


def _choose_one(card: Locator, letter: str) -> None:
    buttons = card.get_by_role("radio").all()
    letters = [one.input_value() for one in buttons]
    buttons[0].press("Space")
    for one in buttons[: letters.index(letter)]:
        one.press("ArrowDown")


def _choose_several(card: Locator, letters: list[str]) -> None:
    for box in card.get_by_role("checkbox").all():
        if box.is_checked() != (box.input_value() in letters):
            box.press("Space")


def _match(card: Locator, pairs: list[str]) -> None:
    for place, choice in enumerate(card.locator("select").all()):
        letters = choice.locator("option").evaluate_all("options => options.map((one) => one.value)")
        choice.press("Home")
        for _ in range(letters.index(pairs[place][-1])):
            choice.press("ArrowDown")


def _order(card: Locator, letters: list[str]) -> None:
    for place, letter in enumerate(letters):
        there = card.locator("li").evaluate_all("items => items.map((one) => one.dataset.letter)").index(letter)
        if there > place:
            card.locator("li").nth(there).locator("button").first.focus()
            for _ in range(there - place):
                card.page.keyboard.press("Enter")
