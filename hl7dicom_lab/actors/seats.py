"""The seats in the hospital of a class: for each an order book, an archive, a report shelf and numbers of its own.

Clinical step: one RIS and PACS serve several facilities and keep their patients apart. Standard: HL7 v2.5.1 section
2.15.9.4 (the sending facility), section 14.4 (NSC, an application starts up). Rules: a seat is made when it is heard
of; one that starts up gets a new department, and what is under way in the old one is finished there; what was kept in a
folder stays in it, and the new department has the next folder.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hl7dicom_lab.actors.pacs import Pacs
from hl7dicom_lab.actors.ris import Ris
from hl7dicom_lab.actors.site import Site, check_facility
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.storage.home import Home

#: Windows keeps no files under these names, and a seat's data may lie in a folder of its name.
_NO_FOLDERS = re.compile("CON|PRN|AUX|NUL|(COM|LPT)[0-9]", re.IGNORECASE)
_NEXT_STEP = "use the name of your seat: 1 to 11 letters, digits and underscores, such as SEAT07"
#: `SEAT07.3.NORTHGATE`: the department of the third start-up of SEAT07, whose scanners are NORTHGATE's.
_STARTED = re.compile(r"(?P<seat>\w+)\.(?P<number>[1-9][0-9]{0,8})\.(?P<facility>\w+)", re.ASCII)


@dataclass(frozen=True)
class SeatInHospital:
    """What the hospital has for one seat. Its systems take part; they do not listen on ports of their own."""

    name: str
    ris: Ris
    pacs: Pacs
    home: Home
    site: Site

    def close(self) -> None:
        """Close its files. Whoever still looks into it gets an error."""
        self.ris.stop()
        self.pacs.stop()
        self.home.close(self.site.clock)


@dataclass
class _Place:
    """A seat's department, how many requests it is dealing with, and whether another one has taken its place."""

    seat: SeatInHospital
    users: int = 0
    retired: bool = False


@dataclass(frozen=True)
class _Folder:
    """Where a seat's department is kept, and whose scanners it plans for."""

    path: Path | None
    scanners_of: str


@dataclass
class Seats:
    """All seats of a hospital; `site` is what they share, `folder` where they are kept, `most` how many there may be.

    Raises `SetupError` for a name that is no seat's, and where there is no more room.
    """

    site: Site
    folder: Path | None
    most: int
    _places: dict[str, _Place] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _making: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    @contextmanager
    def used(self, name: str) -> Iterator[SeatInHospital]:
        """A seat's department, for as long as a request is dealt with; made when the seat is heard of first."""
        place = self._taken(name) or self._made_and_taken(name)
        try:
            yield place.seat
        finally:
            with self._lock:
                place.users -= 1
                unused = place.retired and not place.users
            if unused:
                place.seat.close()

    def renew(self, name: str, scanners_of: str) -> None:
        """Give a seat a new department, whose scanners are those of a facility."""
        check_facility(scanners_of)
        self._check(name)
        with self._making:
            self._check_room(name)
            place = _Place(self._made(name, self._next_folder(name, scanners_of)))
            with self._lock:
                earlier = self._places.get(name)
                self._places[name] = place
                unused = earlier is not None and self._retire(earlier)
            if earlier is not None and unused:
                earlier.seat.close()

    def all(self) -> tuple[SeatInHospital, ...]:
        """Every seat that has been heard of, by name."""
        with self._lock:
            return tuple(self._places[name].seat for name in sorted(self._places))

    def close(self) -> None:
        """Close every seat; none is made any more. May be called again."""
        with self._making, self._lock:
            self._closed = True
            places = list(self._places.values())
            self._places.clear()
        for place in places:
            place.seat.close()

    @staticmethod
    def _retire(place: _Place) -> bool:
        """No request comes here any more; whether none is under way either. The lock is held."""
        place.retired = True
        return not place.users

    def _taken(self, name: str) -> _Place | None:
        with self._lock:
            place = self._places.get(name)
            if place is not None:
                place.users += 1
            return place

    def _made_and_taken(self, name: str) -> _Place:
        self._check(name)
        with self._making:
            place = self._taken(name)
            if place is not None:  # another thread has made it meanwhile
                return place
            self._check_room(name)
            place = _Place(self._made(name, self._last_folder(name)), users=1)
            with self._lock:
                self._places[name] = place
            return place

    def _check(self, name: str) -> None:
        try:
            check_facility(name)
        except SetupError as error:
            what = f"{name!r} is no seat's name" if name else "the message names no seat"
            raise SetupError(what, where="seat", next_step=_NEXT_STEP) from error
        if _NO_FOLDERS.fullmatch(name):
            raise SetupError(f"{name!r} is a name that Windows keeps for itself", where="seat", next_step=_NEXT_STEP)

    def _check_room(self, name: str) -> None:
        same = next((one for one in self._names() if one.upper() == name.upper() and one != name), None)
        if same is not None:  # people do not tell the two apart, nor do some file systems
            raise SetupError(f"there is a seat {same} already", where="seat", next_step=f"write it {same}")
        if name not in self._places and (self._closed or len(self._places) >= self.most):
            raise SetupError(
                f"there is no room for the seat {name}: {self.most} are taken",
                where="seat",
                next_step="use a seat that is there, or ask the instructor to make room",
            )

    def _names(self) -> set[str]:
        """The seats that are there, and those that were kept."""
        kept = () if self.folder is None or not self.folder.is_dir() else self.folder.iterdir()
        return {*self._places, *(one.name.partition(".")[0] for one in kept)}

    def _made(self, name: str, folder: _Folder) -> SeatInHospital:
        home = Home(folder.path)
        try:
            site = replace(
                self.site,
                clock=home.clock(),
                mint=home.mint(seed_of(name)),
                durable=home.durable,
                scanners_of=folder.scanners_of,
            )
            return SeatInHospital(name, Ris(home.path / "ris", site), Pacs(home.path / "pacs", site), home, site)
        except BaseException:
            home.close()
            raise

    def _last_folder(self, name: str) -> _Folder:
        """Where the seat's department is that was there last; the seat's own, where it has never started up."""
        started = self._started(name)
        if self.folder is None or not started:
            return _Folder(self.folder / name if self.folder else None, name)
        number = max(started)
        return _Folder(self.folder / f"{name}.{number}.{started[number]}", started[number])

    def _next_folder(self, name: str, scanners_of: str) -> _Folder:
        number = max(self._started(name), default=0) + 1
        return _Folder(self.folder / f"{name}.{number}.{scanners_of}" if self.folder else None, scanners_of)

    def _started(self, name: str) -> dict[int, str]:
        """The folders of a seat's start-ups: their numbers, and whose scanners each plans for."""
        if self.folder is None or not self.folder.is_dir():
            return {}
        found = (_STARTED.fullmatch(one.name) for one in self.folder.iterdir())
        return {int(one["number"]): one["facility"] for one in found if one and one["seat"] == name}


def seed_of(seat: str) -> int:
    """The seed of a seat's numbers: the same name gives the same UIDs, and no other name does."""
    return int.from_bytes(hashlib.sha256(seat.encode("utf-8")).digest()[:6], "big")
