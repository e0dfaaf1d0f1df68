"""The hub's login: names and passwords of the class list (class_list.py).

Rules: the list is read at each login, so a latecomer is added while the hub runs; who was taken off it is asked to log
in again within minutes. A list that cannot be read lets nobody in, and the hub's log says why. Hashing a password takes
a processor some fifty milliseconds, so it is done beside the hub's loop, which serves everybody, and one after another,
so that whoever guesses by the thousand leaves the other processors to the learners' cells.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import class_list
from jupyterhub.auth import Authenticator
from traitlets import Bool, Instance, Unicode


class ClassAuthenticator(Authenticator):
    """Lets in whom the class list names; instructors are the hub's admins."""

    list_file = Unicode(config=True, help="The CSV file that class_list.py keeps.")
    _hashing = Instance(asyncio.Semaphore, args=(1,))

    class_password = Bool(True, config=True, help="Whether the list's class password counts, where it has one.")

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:  # noqa: ARG002
        """The name and whether it is an instructor's, or None."""
        name = self.normalize_username(data["username"].strip())
        password = data["password"].strip()
        async with self._hashing:
            role = await asyncio.to_thread(class_list.role_of, self._members(), name, password)
        return {"name": name, "admin": role == class_list.INSTRUCTOR} if role else None

    async def refresh_user(self, user: Any, handler: Any = None, **_: Any) -> bool:  # noqa: ARG002
        """Whether a name that is logged in is still on the list."""
        return class_list.may_stay(self._members(), user.name)

    def _members(self) -> dict[str, class_list.Member]:
        try:
            members = class_list.read(Path(self.list_file))
        except (OSError, ValueError) as problem:
            self.log.error("The class list lets nobody in: %s", problem)
            return {}
        if not self.class_password:
            members.pop(class_list.EVERYBODY, None)
        return members
