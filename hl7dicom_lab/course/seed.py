"""Which seed a lesson opens with, so that neighbours may have other identifiers and other questions of the test.

Rules: without a setting it is 1, for everybody, and everything is as the notebooks show it. The environment variable
`HL7DICOM_LAB_SEED` gives another number, or `per-learner`, which makes a number of the learner's name: always the same
one for the same name, on every machine. Whatever the seed, the checks are the same. What a program asks for
(`open_lesson("04", seed=3)`) counts before it.

What a seed changes: every UID that the department makes, and which questions a test draws. Names, accession numbers,
order numbers and control ids are the story's.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import unicodedata

from hl7dicom_lab.errors import SetupError

#: The environment variable that chooses, and what it says for a seed a learner.
VARIABLE = "HL7DICOM_LAB_SEED"
PER_LEARNER = "per-learner"
#: What a learner is called in class, where the login name is that of the machine and the same for many.
ALIAS_VARIABLE = "HL7DICOM_LAB_ALIAS"
_HUB_VARIABLE = "JUPYTERHUB_USER"
_LARGEST = 9_999
#: Seeds of learners begin at 2. Two neighbours have the same one once in ten thousand times.
_LEARNERS = _LARGEST - 1


def chosen_seed() -> int:
    """The seed that the environment chooses. Raises `SetupError` for what is neither a number nor `per-learner`."""
    said = os.environ.get(VARIABLE, "").strip()
    if not said:
        return 1
    if said.lower() == PER_LEARNER:
        return seed_of(_learner())
    if said.isascii() and said.isdigit() and 1 <= int(said) <= _LARGEST:
        return int(said)
    raise SetupError(
        f"a seed is a whole number from 1 to {_LARGEST:,}, or {PER_LEARNER}",
        where=f"{VARIABLE}={said}",
        next_step="set one of these before JupyterLab starts, or take the variable away",
    )


def seed_of(learner: str) -> int:
    """The seed that belongs to a name; capitals and spaces at its ends make no difference."""
    name = unicodedata.normalize("NFC", learner).strip().casefold()
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return 2 + int.from_bytes(digest[:8], "big") % _LEARNERS


def _learner() -> str:
    """The alias, else the name at the hub, else the login name."""
    for variable in (ALIAS_VARIABLE, _HUB_VARIABLE):
        if name := os.environ.get(variable, "").strip():
            return name
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as problem:  # a user without an entry, as in some containers
        raise SetupError(
            "this machine knows no name of the learner",
            where=f"{VARIABLE}={PER_LEARNER}",
            next_step=f"give one in {ALIAS_VARIABLE}, or a number in {VARIABLE}",
        ) from problem
