"""`hl7dicom-lab classroom`: the service for one class, until Ctrl-C.

Rules: it listens on 127.0.0.1 unless asked otherwise, and then says so; what it acknowledged is there at the next start
with the same folder, and so are its addresses' keys. One thread does all the work, so nothing meets half done.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from hl7dicom_lab.classroom import hub, server
from hl7dicom_lab.classroom.connections import BoundedServer
from hl7dicom_lab.classroom.folder import ClassFolder
from hl7dicom_lab.classroom.record import BODY_BYTES, STORED
from hl7dicom_lab.classroom.server import Classroom
from hl7dicom_lab.classroom.store import ClassStore
from hl7dicom_lab.classroom.summary import ClassWatch
from hl7dicom_lab.counted import counted
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.os_errors import told
from hl7dicom_lab.services.security import is_this_machine

DEFAULT_PORT = 8898
_FILE = "classroom.sqlite"
_LOOK_EVERY = 2.0
_BACKLOG = 128
#: Above the limit of a body: what is a little too long gets an answer in words, what is much too long is cut off.
_CUT_OFF = 8 * BODY_BYTES


@dataclass(frozen=True)
class ClassroomOptions:
    """What the command line says. `home` None is the user's data folder; port 0 takes a free one."""

    home: Path | None = None
    folder: Path | None = None
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT


class ClassroomService:
    """The running service. `stop` may be called twice; a `with` block does it."""

    def __init__(self, options: ClassroomOptions) -> None:
        """Start it. Raises `SetupError` where the port is taken or the folder cannot be used."""
        self._options = options
        self._managed = hub.is_managed()
        self._host, self._port = hub.address() if self._managed else (options.host, options.port)
        self._store = open_store(options.home)
        try:
            self._folder = ClassFolder(options.folder, self._store) if options.folder else None
            self._sockets = self._listen()
            #: The port that it listens on.
            self.port = int(self._sockets[0].getsockname()[1])
            self._classroom = self._put_together()
            made = hub.application if self._managed else server.application
            self._application = made(self._classroom)
        except BaseException:
            for one in getattr(self, "_sockets", ()):
                one.close()
            self._store.close()
            raise
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="classroom service", daemon=True)
        self._thread.start()

    def _put_together(self) -> Classroom:
        return Classroom(
            self._store,
            ClassWatch(self._store),
            self._store.instructor_token(),
            joining=not self._managed and self._folder is None,
            cookie=f"hl7dicom_lab_classroom_{self.port}",
            where_to_join=self.address,
        )

    def _listen(self) -> list[socket.socket]:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        next_step = "choose another port with --port; is another classroom running?"
        with told("the classroom cannot listen here", f"{self._host}:{self._port}", next_step):
            one = socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        one.setblocking(False)
        return [one]

    @property
    def address(self) -> str:
        """The address, without a key. Of a service that listens everywhere, this machine's name in its network."""
        shown = socket.gethostname() if self._host in ("", "0.0.0.0", "::") else self._host
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}"

    @property
    def instructor_address(self) -> str:
        """The instructor's page, with the token."""
        return f"{self.address}/?token={self._classroom.instructor_token}"

    @property
    def join_code(self) -> str:
        """What learners need to join."""
        return self._store.join_code()

    def stop(self) -> None:
        """Stop listening and close the database."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._until_stopped())
        finally:
            self._loop.close()
            self._store.close()

    async def _until_stopped(self) -> None:
        http = BoundedServer(
            self._application,
            max_body_size=_CUT_OFF,
            max_buffer_size=2 * _CUT_OFF,
            max_header_size=32 * 1024,
            idle_connection_timeout=120,
            body_timeout=30,
        )
        http.add_sockets(self._sockets)
        looking = asyncio.create_task(self._look()) if self._folder else None
        await self._end.wait()
        if looking:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        http.stop()
        await http.close_all_connections()

    async def _look(self) -> None:
        while self._folder is not None:
            await self._folder.look()
            await asyncio.sleep(_LOOK_EVERY)


def open_store(home: Path | None) -> ClassStore:
    """The class that is kept in a folder. Raises `SetupError`."""
    if home is None:
        from platformdirs import user_data_path

        home = user_data_path("hl7dicom_lab", appauthor=False) / "classroom"
    return ClassStore(home / _FILE)


def forget(home: Path | None, alias: str | None) -> str:
    """Delete one learner, or with None the whole class, also beside a running service; what was done."""
    store = open_store(home)
    try:
        if alias is None:
            count = store.forget_all()
            store.sweep()
            return f"The class is deleted: {counted(count, 'learner')}. The next one has a new join code."
        learner = store.by_alias(alias)
        if learner is None:
            there = ", ".join(one.alias for one in store.learners())
            raise NotFound(
                f"nobody in this class is called {alias}",
                where="--forget",
                next_step=f"the class has {there}" if there else "the class has nobody",
            )
        store.forget(learner)
        store.sweep()
        return f"{learner.alias} and everything received of them is deleted."
    finally:
        store.close()


def run(options: ClassroomOptions, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. Raises `SetupError` where it cannot start."""
    with ClassroomService(options) as service:
        for line in _told(service, options):
            say(line)
        try:
            _wait()
        except KeyboardInterrupt:
            say("Stopping. The class is kept; start again with the same folder.")


def _wait() -> None:
    """For ever: Ctrl-C raises KeyboardInterrupt. The short waits let it through on every system."""
    forever = threading.Event()
    while not forever.wait(0.5):
        pass


def _told(service: ClassroomService, options: ClassroomOptions) -> list[str]:
    if hub.is_managed():
        return [f"The classroom serves the hub at {service.address}."]
    learners = f"hl7dicom-lab join {service.address}/{service.join_code} NAME"
    lines = [
        f"Instructor: {service.instructor_address}",
        f"Learners:   {f'read from {options.folder}; nobody joins' if options.folder else learners}",
        STORED,
        "Stop with Ctrl-C.",
    ]
    if not is_this_machine(options.host):
        lines.insert(
            0,
            f"Warning: the classroom listens on {options.host}, so other machines can reach it, over HTTP without "
            "encryption. Use it only in a network that you trust, or behind a proxy that speaks HTTPS.",
        )
    return lines
