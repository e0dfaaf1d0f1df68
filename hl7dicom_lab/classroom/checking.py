"""What comes in over HTTP is checked here, field by field, before anything is stored.

Rules: a refusal names the field and the rule (`entries[3].id`: "is no exercise of this course"), so that the sender
can leave that one entry out and go on. Nothing of a request that is refused is stored. The name of a mistake that the
course does not have is left out of its entry: it comes from another version of the course, or from somebody who wants
to write on the instructor's page.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from hl7dicom_lab.classroom.catalogue import is_known, known_mistake
from hl7dicom_lab.classroom.record import ALIAS_LENGTH, BODY_BYTES, DETAIL_LENGTH, ENTRIES_A_REQUEST, KINDS, Kept
from hl7dicom_lab.verdict import Outcome

_BOOK = re.compile(r"[0-9a-f]{16}")
#: Characters that Python calls printable and nobody sees: fillers, joiners, variation selectors (Unicode's
#: Default_Ignorable_Code_Point), and the empty Braille cell.
_NO_INK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_MOST_LINES = 10_000_000
_FIELDS = ("book", "number", "what", "id", "outcome", "detail")


class BadRequest(Exception):
    """A field of a request breaks a rule."""

    def __init__(self, field: str, rule: str) -> None:
        self.field = field
        self.rule = rule
        super().__init__(f"{field} {rule}")


def body(raw: bytes) -> dict[str, Any]:
    """The JSON object of a request. Raises `BadRequest`."""
    if len(raw) > BODY_BYTES:
        raise BadRequest("body", f"has {len(raw)} bytes; at most {BODY_BYTES} are taken")
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequest("body", "is no JSON in UTF-8") from None
    if not isinstance(content, dict):
        raise BadRequest("body", "must be a JSON object")
    return content


def alias(given: Any) -> str:
    """A name or alias in its normal form. Raises `BadRequest`."""
    if not isinstance(given, str):
        raise BadRequest("alias", "must be a text")
    if len(given) > 10 * ALIAS_LENGTH:
        raise BadRequest("alias", f"must have 1 to {ALIAS_LENGTH} characters")
    name = unicodedata.normalize("NFC", " ".join(given.split(" ")).strip())
    if not 1 <= len(name) <= ALIAS_LENGTH:
        raise BadRequest("alias", f"must have 1 to {ALIAS_LENGTH} characters")
    if not name.isprintable() or not same_alias(name):
        raise BadRequest("alias", "must have visible characters only, on one line")
    return name


def same_alias(name: str) -> str:
    """What two aliases share that nobody can tell apart: case, width of letters, spaces and what has no ink."""
    return " ".join(_NO_INK.sub("", unicodedata.normalize("NFKC", name)).casefold().split())


def entries(content: dict[str, Any]) -> tuple[Kept, ...]:
    """The entries of a request. Raises `BadRequest`."""
    given = content.get("entries")
    if not isinstance(given, list):
        raise BadRequest("entries", "must be a list")
    if len(given) > ENTRIES_A_REQUEST:
        raise BadRequest("entries", f"has {len(given)} entries; at most {ENTRIES_A_REQUEST} are taken in one request")
    return tuple(_entry(f"entries[{place}]", one) for place, one in enumerate(given))


def _entry(place: str, given: Any) -> Kept:
    if not isinstance(given, dict):
        raise BadRequest(place, "must be an object")
    strange = [str(name)[:ALIAS_LENGTH] for name in given if name not in _FIELDS]
    if strange:
        raise BadRequest(f"{place}.{strange[0]}", f"is not stored; an entry has {', '.join(_FIELDS)}")
    number = given.get("number")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < _MOST_LINES:
        raise BadRequest(f"{place}.number", f"must be a whole number from 0 to {_MOST_LINES - 1}")
    texts = {name: _text(f"{place}.{name}", given.get(name, "")) for name in _FIELDS if name != "number"}
    if not _BOOK.fullmatch(texts["book"]):
        raise BadRequest(f"{place}.book", "must be 16 hexadecimal digits")
    _check_meaning(place, **{name: texts[name] for name in ("what", "id", "outcome", "detail")})
    if texts["what"] in ("exercise", "question"):
        texts["detail"] = known_mistake(texts["id"], texts["detail"])
    return Kept(number=number, **texts)


def _text(place: str, given: Any) -> str:
    if not isinstance(given, str):
        raise BadRequest(place, "must be a text")
    if len(given) > DETAIL_LENGTH or not given.isprintable():
        raise BadRequest(place, f"must have at most {DETAIL_LENGTH} visible characters")
    return given


def _check_meaning(place: str, *, what: str, id: str, outcome: str, detail: str) -> None:  # noqa: A002 # the field's name
    if what not in KINDS:
        raise BadRequest(f"{place}.what", f"must be one of {', '.join(KINDS)}")
    if not is_known(what, id):
        raise BadRequest(f"{place}.id", f"is no {_named(what)} of this course")
    if outcome not in ("", *Outcome):
        raise BadRequest(f"{place}.outcome", f"must be empty or one of {', '.join(Outcome)}")
    if what in ("exercise", "question") and not outcome:
        raise BadRequest(f"{place}.outcome", f"is missing; an entry of kind {what} has one")
    if what == "hint" and detail not in ("", "1", "2", "3"):
        raise BadRequest(f"{place}.detail", "must be the number of a hint: 1, 2 or 3")
    if detail and what not in ("hint", "exercise", "question"):
        raise BadRequest(f"{place}.detail", f"must be empty for an entry of kind {what}")


def _named(what: str) -> str:
    return {"hint": "exercise", "solution": "exercise", "answer shown": "question"}.get(what, what)
