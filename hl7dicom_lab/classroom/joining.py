"""Joining a class: who somebody is there, kept in a private file beside the progress.

    from hl7dicom_lab import classroom
    classroom.join("http://127.0.0.1:8898", "K7QM-2XWD", "Robin")

Rules: the join code is not kept, the token that it brought is, for its owner alone (0600); what the classroom stores is
said at once. Whoever joins the same class again under the same name stays who they are.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hl7dicom_lab.classroom import speaking
from hl7dicom_lab.classroom.record import STORED
from hl7dicom_lab.course.joined import ADDRESS_VARIABLE, membership_file
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.os_errors import told
from hl7dicom_lab.storage.private import private_folder


@dataclass(frozen=True)
class Membership:
    """Where and as whom a learner takes part. `token` lets add to this one record, and to nothing else."""

    address: str
    alias: str
    token: str

    def __repr__(self) -> str:
        return f"You take part as {self.alias} at {self.address}. {STORED}"


def membership() -> Membership | None:
    """The membership of whoever runs this process, if there is one."""
    path = membership_file()
    try:
        content = json.loads(path.read_bytes()) if path else None
        return Membership(**{name: str(content[name]) for name in ("address", "alias", "token")}) if content else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def split_invitation(where: str) -> tuple[str, str]:
    """`http://host:port/CODE` as address and code; of a code alone the address is HL7DICOM_LAB_CLASSROOM's."""
    if "://" not in where:
        return os.environ.get(ADDRESS_VARIABLE, ""), where
    address, _, code = where.rstrip("/").rpartition("/")
    return address, code


def join(address: str, code: str, alias: str) -> Membership:
    """Join a class, and keep who you are there. Raises `SetupError` where that is not possible."""
    address = _checked(address)
    path = membership_file()
    if path is None:
        raise SetupError(
            "progress is kept in memory only, so there is nothing to send",
            where="HL7DICOM_LAB_PROGRESS",
            next_step="name a file in HL7DICOM_LAB_PROGRESS, and start again",
        )
    known = membership()
    if known and (known.address, known.alias) == (address, alias.strip()) and _still_known(known):
        return known
    given = speaking.post(address, "api/join", {"code": code, "alias": alias})
    if not {"alias", "token"} <= given.keys():
        next_step = "check the address with your instructor"
        raise speaking.NotAnswered("this is no classroom", status=0, where=address, next_step=next_step)
    joined = Membership(address, str(given["alias"]), str(given["token"]))
    _keep(path, joined)
    return joined


def leave() -> None:
    """Send nothing from here on. What was sent before stays, until the instructor deletes it. Raises OSError."""
    path = membership_file()
    if path is not None:
        path.unlink(missing_ok=True)


def _checked(address: str) -> str:
    try:
        found = urlsplit(address.strip())
        good = found.scheme in ("http", "https") and bool(found.hostname) and not found.username
        good = good and (found.port is None or found.port > 0) and not found.query
    except ValueError:
        good = False
    if not good:
        raise SetupError(
            "this is no address of a classroom",
            where=address or ADDRESS_VARIABLE,
            next_step="copy the whole line from the instructor's page; it has http://, a host, a port and the code",
        )
    return address.strip().rstrip("/")


def _still_known(known: Membership) -> bool:
    try:
        return speaking.get(known.address, "api/me", known.token).get("alias") == known.alias
    except speaking.NotAnswered:
        return False


def _keep(path: Path, joined: Membership) -> None:
    """Write the file whole or not at all, private from its first byte on."""
    part = path.with_name(path.name + ".part")
    next_step = "name a progress file in a folder that you may write to: HL7DICOM_LAB_PROGRESS"
    with told("your membership cannot be kept", path, next_step):
        private_folder(path.parent)
        part.unlink(missing_ok=True)
        private = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(private, "w", encoding="utf-8", newline="\n") as file:
            json.dump(asdict(joined), file, indent=1, ensure_ascii=False)
            file.write("\n")
        part.replace(path)
