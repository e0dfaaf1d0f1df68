"""The widget's JavaScript folds alike arrows as the package's Python does: both read the same arrows."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import hl7dicom_lab
from hl7dicom_lab.trace import Protocol, Remark
from hl7dicom_lab.views.timeline.arrow import Arrow, Form, state_of
from hl7dicom_lab.views.timeline.fold import Fold, folded

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_CODE = Path(hl7dicom_lab.__file__).parent / "views" / "browser"
_ROUNDS = 1000


def _arrows(chance: random.Random) -> list[Arrow]:
    """A run of arrows as they may come, most of them alike."""
    turn: tuple[Form, ...] = chance.choice(
        (("ask", "answer"), ("answer",), ("answer", "ask", "answer"), (*("answer",) * 7, "ask"))
    )
    protocol: Protocol = chance.choice(("HL7", "DICOM"))
    arrows = []
    for place in range(chance.randrange(1, 24)):
        form: Form = turn[place % len(turn)] if chance.random() < 0.95 else chance.choice(("ask", "answer", "note"))
        arrows.append(
            Arrow(
                id=f"{place}.0",
                order=float(place),
                connection=1,
                time=datetime(2026, 3, 2),
                sender="RIS",
                receiver="PACS",
                protocol=protocol,
                form=form,
                kind=form.upper(),
                label=form.upper(),
                summary=chance.choice(("", "<b> & 田中")),
                alike="same" if chance.random() < 0.95 else "",
                remarks=(Remark("wrong"),) if form == "note" else (),
            )
        )
    return arrows


def test_python_and_javascript_fold_by_the_same_rule(browser: Browser) -> None:
    chance = random.Random(4)
    runs = [_arrows(chance) for _ in range(_ROUNDS)]
    wanted = []
    for run in runs:
        entries = ((one.arrows if isinstance(one, Fold) else (one,), one.sentence) for one in folded(run))
        wanted.append([[*(arrow.id for arrow in arrows), sentence] for arrows, sentence in entries])
    code = "\n".join((_CODE / f"timeline.{part}.js").read_text(encoding="utf-8") for part in ("draw", "store"))
    page = browser.new_page()
    found = page.evaluate(
        """([code, runs]) => {
          const entriesOf = new Function(`${code}\\nreturn entriesOf;`)();
          return runs.map((run) => entriesOf(run.map((arrow, place) => ({ arrow, number: place + 1 })), new Set())
            .map((one) => [...one.arrows.map((arrow) => arrow.id), one.sentence]));
        }""",
        [code, [[state_of(one) for one in run] for run in runs]],
    )
    page.close()
    assert found == wanted
    assert any(len(entry) > 2 for run in wanted for entry in run), "something was folded"
