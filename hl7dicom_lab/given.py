"""What a person gives to a method of a system, such as an order to `lab.emr.place`.

Rule: whoever gives something else hears what it is, what is wanted, and where such a thing comes from; nothing is sent.
"""

from __future__ import annotations

from typing import TypeVar

from hl7dicom_lab.errors import CannotBuild

_Kind = TypeVar("_Kind")


def given(thing: object, kind: type[_Kind], where: str, wanted: str, next_step: str) -> _Kind:
    """The thing, if it is of this kind; `wanted` says in words what it has to be. Raises `CannotBuild` if it is not."""
    if isinstance(thing, kind):
        return thing
    found = "nothing (None)" if thing is None else f"of the type {type(thing).__name__}"
    raise CannotBuild(f"this has to be {wanted}, and is {found}", where=where, next_step=next_step)


def several(
    things: tuple[object, ...], kind: type[_Kind], where: str, wanted: str, next_step: str
) -> tuple[_Kind, ...]:
    """The same for one thing or more. Raises `CannotBuild` also where there is none."""
    if not things:
        raise CannotBuild(f"{wanted} has to be given, and nothing is", where=where, next_step=next_step)
    return tuple(given(one, kind, where, wanted, next_step) for one in things)
