"""Who may log in at the class's hub: a small CSV file of names, roles and hashed passwords.

Rules: a password is made here, never chosen, so that nobody brings one from elsewhere and none can be guessed; it is
shown once, and only its scrypt hash is stored. The line named `*` is the class password: with it, and only where the
line is there, whoever knows it enters under any name that has no line of its own. It never opens an instructor's name.
What that protects and what it does not stands in README.md.

    python class_list.py learners.csv add learner1 learner2
    python class_list.py learners.csv add --instructor instructor1
    python class_list.py learners.csv class-password
    python class_list.py learners.csv remove learner2
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from hl7dicom_lab.storage.private import private_folder

#: A name is part of a folder's name and of an address.
NAME = re.compile(r"[a-z][a-z0-9._-]{0,31}")
#: The name of the line that holds the class password.
EVERYBODY = "*"
LEARNER, INSTRUCTOR = "learner", "instructor"
_COLUMNS = ("name", "role", "password")
#: Without letters and digits that look alike on a projector.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 3, 4
#: No password of ours is longer, and whoever sends megabytes has them not hashed.
_LONGEST = 64


@dataclass(frozen=True)
class Member:
    """One line: a name, its role, and the salted hash of its password."""

    name: str
    role: str
    password: str


def read(file: Path) -> dict[str, Member]:
    """The lines by name; empty where there is no file. Raises ValueError, which names the line, where one is wrong."""
    if not file.exists():
        return {}
    found: dict[str, Member] = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))), start=2):
        member = Member(*((row.get(column) or "").strip() for column in _COLUMNS))
        wrong = _wrong(member) or ("this name stands there already" if member.name in found else "")
        if wrong:
            raise ValueError(f"{file}, line {number}: {wrong}")
        found[member.name] = member
    return found


def write(file: Path, members: Iterable[Member]) -> None:
    """Write the list for its owner alone; the old one stands until the new one is complete."""
    private_folder(file.parent)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8", newline="\n") as new:
        rows = csv.writer(new, lineterminator="\n")
        rows.writerow(_COLUMNS)
        rows.writerows((one.name, one.role, one.password) for one in sorted(members, key=lambda one: one.name))
    Path(new.name).replace(file)


def role_of(members: Mapping[str, Member], name: str, password: str) -> str:
    """The role in which this name enters with this password; empty where it does not.

    Something is always compared, so that the time does not tell which names are on the list.
    """
    member = members.get(name) or members.get(EVERYBODY)
    same = _matches(password[:_LONGEST], member.password if member else _NOBODY)
    return member.role if member and same and NAME.fullmatch(name) else ""


def may_stay(members: Mapping[str, Member], name: str) -> bool:
    """Whether a name that is logged in is still one that may enter."""
    return name in members or EVERYBODY in members


def new_password() -> str:
    """Twelve characters in three groups, nearly sixty bits: `k7mq-2xvd-r9tb`."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def hashed(password: str, salt: bytes | None = None) -> str:
    """`scrypt$SALT$HASH`, both in hexadecimal digits."""
    salt = os.urandom(16) if salt is None else salt
    return f"scrypt${salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()}"


def _matches(password: str, stored: str) -> bool:
    salt = bytes.fromhex(stored.split("$")[1])
    return hmac.compare_digest(hashed(password, salt), stored)


def _wrong(member: Member) -> str:
    """What is wrong with a line, or an empty string."""
    if member.name != EVERYBODY and not NAME.fullmatch(member.name):
        return f"{member.name!r} is no name; use a to z, 0 to 9, dot, _ and -, a letter first, at most 32"
    if member.role not in (LEARNER, INSTRUCTOR) or (member.name == EVERYBODY and member.role != LEARNER):
        return f"role {member.role!r}; write {LEARNER}, or {INSTRUCTOR} for a person"
    if not re.fullmatch(r"scrypt\$[0-9a-f]{32}\$[0-9a-f]{128}", member.password):
        return "the password is not hashed; make the line with `class_list.py FILE add NAME`"
    return ""


_NOBODY = hashed("", bytes(16))


@click.group()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def main(ctx: click.Context, file: Path) -> None:
    """Keep the list of a class in FILE. The hub reads it again at each login."""
    try:
        ctx.obj = (file, read(file))
    except ValueError as problem:
        raise click.ClickException(str(problem)) from problem


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--instructor", is_flag=True, help="They may start and stop everybody's server.")
@click.pass_obj
def add(kept: tuple[Path, dict[str, Member]], names: tuple[str, ...], instructor: bool) -> None:
    """Add NAMES, or give them new passwords, and show those once."""
    file, members = kept
    wrong = [name for name in names if not NAME.fullmatch(name)]
    if wrong:
        raise click.ClickException(f"no names: {', '.join(wrong)}; a to z, 0 to 9, dot, _ and -, a letter first")
    _give(file, members, names, INSTRUCTOR if instructor else LEARNER)


@main.command("class-password")
@click.pass_obj
def class_password(kept: tuple[Path, dict[str, Member]]) -> None:
    """Make a new class password, with which any name enters, and show it once."""
    _give(*kept, (EVERYBODY,), LEARNER)


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def remove(kept: tuple[Path, dict[str, Member]], names: tuple[str, ...]) -> None:
    """Take NAMES off the list; `*` takes the class password away. Their folders stay."""
    file, members = kept
    write(file, [one for one in members.values() if one.name not in names])


def _give(file: Path, members: Mapping[str, Member], names: Iterable[str], role: str) -> None:
    made = {name: new_password() for name in names}
    write(file, {**members, **{name: Member(name, role, hashed(made[name])) for name in made}}.values())
    for name, password in made.items():
        click.echo(f"{name}  {password}")


if __name__ == "__main__":
    main()
