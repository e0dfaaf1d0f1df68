"""The settings of a system as a page to read, and one of them changed.

Rule: a page says what a setting is for and what it is now, not whether it is right.
"""

from __future__ import annotations

from dataclasses import fields

from hl7dicom_lab.actors.settings import changed
from hl7dicom_lab.shown import Shown
from hl7dicom_lab.tickets.department import Department, system


def settings_page(department: Department, name: str) -> Shown:
    """The page of one system. Raises `NotFound` for a name that no system has."""
    name, found = system(department, name)
    lines = []
    for one in fields(found.settings):
        value = getattr(found.settings, one.name)
        lines.append(f"{one.name} = {value!r}")
        lines.append(f"    {one.metadata['words']}")
        possible = [*map(repr, one.metadata["choices"]), *([one.metadata["form"]] if one.metadata["form"] else [])]
        lines.append("    " + " | ".join(possible))
    return Shown(f"Settings of {name}:", code="\n".join(lines))


def change_setting(department: Department, name: str, setting: str, value: object) -> str:
    """Change one setting of a running system; what it was and what it is. Raises `LabError` where it cannot be."""
    name, found = system(department, name)
    before = found.settings
    after = changed(before, setting, value)
    found.settings = after
    was, now = getattr(before, setting), getattr(after, setting)
    return f"{name}: {setting} was {was!r} and is {now!r}."
