"""What it can be: the causes that a diagnosis names, the same list for every ticket.

Rule: a cause is named by what is wrong, not by what is seen. Some of these causes belong to no ticket.
"""

from __future__ import annotations

from difflib import get_close_matches

from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.shown import Shown

CAUSES: dict[str, str] = {
    "archive full": "the archive has no room for more images",
    "called AE title": "an association is asked for under an AE title that the other side does not have",
    "character set": "text is written in a character set that does not have all its letters",
    "clock": "the clock of a system is wrong",
    "date format": "a date is written in another form than the standard's",
    "date range": "a worklist query asks for the wrong days",
    "field shifted": "a value stands in the wrong field of its segment",
    "keys at the root": "keys of a worklist query stand at the root and not in ScheduledProcedureStepSequence",
    "late preliminary": "an older report takes the place of a newer one, because it came later",
    "name components": "the components of a name are in the wrong order",
    "not checked in": "the patient has not been checked in",
    "order cancelled": "the order was cancelled",
    "order refused": "the receiver has refused an order, and nobody has read its answer",
    "patient id": "two systems know the patient under different identifiers",
    "presentation context": "the other side takes no presentation context that is proposed",
    "report refused": "one of two receivers refuses the report, and nobody has read its answer",
    "resent as new": "what got no answer is sent again as something new",
    "segment end": "segments end with another character than CR",
    "shared accession number": "one accession number is given to two patients",
    "station title": "a worklist query asks for the station of another scanner",
    "system down": "a system does not run, or cannot be reached",
    "wrong patient picked": "somebody has picked the wrong patient from the worklist",
}


def find_cause(name: str) -> str:
    """A cause by its name, however it is written. Raises `NotFound`."""
    plain = " ".join(str(name).replace("-", " ").replace("_", " ").split()).casefold()
    by_plain_name = {one.casefold(): one for one in CAUSES}
    if plain in by_plain_name:
        return by_plain_name[plain]
    near = get_close_matches(plain, by_plain_name, n=1)
    meant = f"do you mean {by_plain_name[near[0]]!r}? " if near else ""
    raise NotFound(
        f"{name!r} is no cause on the list",
        where="diagnose",
        next_step=f"{meant}print(ticket.causes()) shows the list",
    )


def listed() -> Shown:
    """The list, to look at."""
    width = max(map(len, CAUSES)) + 2
    return Shown(
        "What it can be, by the name that ticket.diagnose takes:",
        code="\n".join(f"{name!r:<{width}}  {words}" for name, words in CAUSES.items()),
    )
