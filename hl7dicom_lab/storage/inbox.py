"""The inbox: which HL7 messages were accepted, and what was answered.

MSH-10 identifies one message (HL7 v2.5.1 section 2.15.9.10), so a sender that hears nothing sends again with the same
MSH-10. Rule: the same message gets the same answer and no second effect; the same control id with other content is
refused (table 0357, 205). The memory is committed together with the effect, so that neither exists without the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.storage.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS inbox (
    sender TEXT NOT NULL, control_id TEXT NOT NULL, digest BLOB NOT NULL, answer BLOB NOT NULL,
    PRIMARY KEY (sender, control_id)
) WITHOUT ROWID;
"""


class Inbox:
    """The accepted messages of one system, in the database of that system."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            connection.execute(SCHEMA.strip().rstrip(";"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """The transaction in which a message takes effect and is remembered."""
        with self._database.transaction():
            yield

    def recall(self, sender: str, control_id: str, body: bytes) -> bytes | None:
        """The answer that this very message got before; None for a new one.

        Raises `Hl7Fault` 205 where the control id was used for another message.
        """
        found = self._database.rows(
            "SELECT digest, answer FROM inbox WHERE sender = ? AND control_id = ?", (sender, control_id)
        )
        if not found:
            return None
        if found[0]["digest"] != _digest(body):
            raise Hl7Fault(
                f"the control id {control_id!r} was already used for another message",
                code=205,
                where="MSH-10",
                next_step="give each new message a new MSH-10; repeat one only to send the same message again",
            )
        return bytes(found[0]["answer"])

    def remember(self, sender: str, control_id: str, body: bytes, answer: bytes) -> None:
        """Keep the answer to a message that took effect."""
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO inbox VALUES (?, ?, ?, ?)", (sender, control_id, _digest(body), answer))


def _digest(body: bytes) -> bytes:
    """Of the content without MSH-7: a sender may stamp a repetition with a new time."""
    line, rest = [*body.split(b"\r", 1), b""][:2]
    fields = line.split(body[3:4])
    return hashlib.sha256(b"|".join(fields[:6] + fields[7:]) + b"\r" + rest).digest()
