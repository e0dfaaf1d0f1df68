"""The image archive: what the PACS (IHE Image Manager / Image Archive) keeps of every C-STORE (RAD-8).

Each instance is a Part 10 file (PS3.10), its data set exactly as received, and a row of the index. Rules:

1. Success (0x0000) leaves only after the file is whole under its own name and its row is committed.
2. The file is written aside, then gets its name inside the transaction that adds its row. So a process that is killed
   leaves at most two things: unfinished files in `incoming`, and one file that carries the next free number.
3. At the start the first are deleted. The second was never acknowledged but is whole, so it is adopted. A lost index
   is built anew the same way.
4. Names are numbers of our own; no byte from the wire becomes part of a path.
5. One SOP Instance UID is one content for ever (PS3.5 section 9): the same again is kept once, another is refused.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info

from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.elements import PIXEL_DATA, Element, Encoding, find_elements
from hl7dicom_lab.dicom.file_meta import part10
from hl7dicom_lab.dicom.instance import CheckedInstance
from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.errors import DicomFault, SetupError, SystemStopped
from hl7dicom_lab.model import ReceivedInstance, StoredInstance
from hl7dicom_lab.storage.image_index import ImageIndex

_PREAMBLE = 128 + 4
_GROUP_LENGTH_ELEMENT = 12
_TRAILING_PADDING = 0xFFFCFFFC


class Archive(ImageIndex):
    """The images in `folder`, and their index. Thread-safe; a context manager.

    `durable` makes every image wait for the disk, so that it survives the machine and not only the process. One
    archive is open in one process at a time. Raises `SetupError` where the folder cannot be used.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self._images = folder / "images"
        self._incoming = folder / "incoming"
        self._set_aside = folder / "set_aside"
        self._durable = durable
        self._part_numbers = itertools.count(1)
        self._placing = threading.Lock()
        super().__init__(folder / "index.sqlite", self._images, durable=durable)
        try:
            self._recover()
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise SetupError(
                f"the image archive cannot be used ({error})",
                where=str(folder),
                next_step="choose a folder that you may write to and that has room",
            ) from error

    def store(self, received: ReceivedInstance, *, room: int | None = None) -> StoredInstance:
        """Keep one instance and return it once it is safe; the same content again returns the one that is kept.

        It is flagged as unscheduled where there is a `doubt` to which order it belongs. One that was withdrawn stays
        out of sight. `room` is the most images that are kept, as if the disk were full then.

        Raises `DicomFault` with what the C-STORE answers: the statuses of `check_instance`, 0xA700 where the disk is
        full or read-only, 0xC004 where another content is kept under this SOP Instance UID. Nothing is left behind.
        """
        instance = CheckedInstance.of(received)
        with _refused_without_room():
            kept = self._kept(received.sop_instance_uid)
            if kept and kept.path.exists():
                return self._again(kept, instance)
            part = self._write(_before_data_set(received), received.data_set)
            try:
                with self._placing:
                    return self._place(part, instance, room)
            finally:
                part.unlink(missing_ok=True)

    def verify(self, *, contents: bool = False) -> tuple[str, ...]:
        """What is wrong with the archive, a line each: rows without a file, files set aside.

        `contents` also reads every file and compares its data set with what was received.
        """
        findings = []
        for kept in (*self.all_instances(), *(one.image for one in self.withdrawals.all())):
            name = f"{kept.sop_instance_uid} ({kept.path.relative_to(self.folder).as_posix()})"
            if not kept.path.is_file():
                findings.append(f"{name}: the file is missing; send the image again")
            elif contents and not _is_whole(kept):
                findings.append(f"{name}: the file is not what was received; take it away and send the image again")
        aside = sorted(self._set_aside.iterdir()) if self._set_aside.is_dir() else []
        findings += [f"set_aside/{path.name}: no image that can be read" for path in aside]
        return tuple(findings)

    def header(self, kept: StoredInstance) -> Dataset:
        """The elements of a kept image before its pixels; none where its file is missing or damaged (`verify`)."""
        try:
            received = _received_from(kept.path)
            return read_data_set(received.data_set, received.transfer_syntax_uid, before=PIXEL_DATA)
        except Exception:  # whatever a damaged file makes the reader say
            return Dataset()

    def close(self) -> None:
        """Close the index. Safe to call again."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, *content: bytes) -> Path:
        """A file of its own in `incoming`: the same file system, so that naming it later is one step."""
        part = self._incoming / f"{os.getpid()}-{next(self._part_numbers)}.part"
        try:
            with part.open("xb") as file:
                file.writelines(content)
                file.flush()
                if self._durable:
                    os.fsync(file.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part

    def _kept(self, sop_instance_uid: str) -> StoredInstance | None:
        """The instance with this UID, also where it was withdrawn."""
        withdrawal = self.withdrawals.of(sop_instance_uid)
        return withdrawal.image if withdrawal else self.instance(sop_instance_uid)

    def _place(self, part: Path, received: CheckedInstance, room: int | None) -> StoredInstance:
        """Name the file and enter its row as one step. Only one thread is here at a time."""
        named: Path | None = None
        try:
            with self.database.transaction() as connection:
                kept = self._kept(received.sop_instance_uid)
                if kept and kept.path.exists():  # another association brought it in the meantime
                    return self._again(kept, received)
                if kept:
                    return self._mend(kept, part, received)
                if room is not None and self.count() + self.withdrawals.count() >= room:
                    raise _no_room(f"the room for {counted(room, 'image')} is full")
                stored = self._add(connection, self._next_number(), received)
                named = stored.path
                self._name(part, named)
            return stored
        except BaseException:
            if named:
                named.unlink(missing_ok=True)
            raise

    def _name(self, part: Path, path: Path) -> None:
        new_folder = False
        try:
            part.replace(path)
        except FileNotFoundError:  # one image in a thousand is the first of its folder
            new_folder = True
            path.parent.mkdir(parents=True, exist_ok=True)
            part.replace(path)
        if self._durable:
            _sync_folder(path.parent)
            if new_folder:
                _sync_folder(path.parent.parent)

    def _again(self, kept: StoredInstance, received: CheckedInstance) -> StoredInstance:
        same_bytes = (received.digest, received.transfer_syntax_uid) == (kept.digest, kept.transfer_syntax_uid)
        if not same_bytes and not _same_content(_received_from(kept.path), received):
            _refuse_other_content(kept)
        return kept

    def _mend(self, kept: StoredInstance, part: Path, received: CheckedInstance) -> StoredInstance:
        """The index has the instance, but somebody took its file away: the same bytes bring it back."""
        if (received.digest, received.transfer_syntax_uid) != (kept.digest, kept.transfer_syntax_uid):
            _refuse_other_content(kept)
        self._name(part, kept.path)
        return kept

    def _recover(self) -> None:
        for folder in (self._images, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        for part in self._incoming.glob("*.part"):
            part.unlink(missing_ok=True)
        with self.database.transaction():
            for number, path in self._files_from(self._next_number()):
                self._adopt(number, path)

    def _files_from(self, first: int) -> Iterator[tuple[int, Path]]:
        """The image files numbered `first` and above. Only the folders that can hold such files are looked into."""
        last_folder = self._path_of(first).parent.name
        for folder in sorted(self._images.iterdir()):
            if folder.name >= last_folder and folder.is_dir():
                numbered = [path for path in sorted(folder.glob("*.dcm")) if path.stem.isdecimal()]
                yield from ((int(path.stem), path) for path in numbered if int(path.stem) >= first)

    def _adopt(self, number: int, path: Path) -> None:
        """Enter a file that has no row. One that cannot be read is set aside: deleting is a person's decision."""
        try:
            instance = CheckedInstance.of(_received_from(path))
            with self.database.transaction() as connection:  # within that of `_recover`: it takes itself back alone
                self._add(connection, number, instance)
        except (OSError, sqlite3.OperationalError):
            raise
        except Exception:  # whatever a damaged file makes the reader say
            self._set_aside.mkdir(exist_ok=True)
            earlier = len(list(self._set_aside.iterdir()))
            path.replace(self._set_aside / f"{earlier + 1:03d}-{path.name}")


@contextmanager
def _refused_without_room() -> Iterator[None]:
    """A store that the disk or the index cannot take is refused, so that the sender keeps the image and tries again."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise _no_room(_reason(error)) from error
    except SystemStopped as error:
        raise _no_room("the archive has been stopped") from error


def _no_room(why: str) -> DicomFault:
    return DicomFault(
        f"the image cannot be kept: {why}",  # with the reason, it fits Error Comment (0000,0902)
        status=status.OUT_OF_RESOURCES,
        next_step="make room or restore write access on the archive's disk, then send the image again",
    )


def _reason(error: OSError | sqlite3.Error) -> str:
    """What the operating system or SQLite says, without number and path."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _refuse_other_content(kept: StoredInstance) -> NoReturn:
    raise DicomFault(
        "another content is stored under this UID",
        status=status.OTHER_CONTENT,
        keyword="SOPInstanceUID",
        next_step=f"give a changed image a new SOP Instance UID (PS3.5 section 9); {kept.sop_instance_uid} stays as is",
    )


def _before_data_set(received: ReceivedInstance) -> bytes:
    """What a Part 10 file has before its data set, which is written as it came instead of being copied behind this."""
    return part10(
        b"",
        sop_class_uid=received.sop_class_uid,
        sop_instance_uid=received.sop_instance_uid,
        transfer_syntax_uid=received.transfer_syntax_uid,
        source_ae_title=received.calling_ae_title,
    )


def _received_from(path: Path) -> ReceivedInstance:
    """What a Part 10 file of ours was made from."""
    meta = read_file_meta_info(path)
    return ReceivedInstance(
        sop_class_uid=str(meta.MediaStorageSOPClassUID),
        sop_instance_uid=str(meta.MediaStorageSOPInstanceUID),
        transfer_syntax_uid=str(meta.TransferSyntaxUID),
        data_set=path.read_bytes()[_PREAMBLE + _GROUP_LENGTH_ELEMENT + meta.FileMetaInformationGroupLength :],
        calling_ae_title=str(meta.get("SourceApplicationEntityTitle", "")),
    )


def _is_whole(kept: StoredInstance) -> bool:
    try:
        return hashlib.sha256(_received_from(kept.path).data_set).hexdigest() == kept.digest
    except Exception:  # whatever a damaged file makes the reader say
        return False


def _same_content(one: ReceivedInstance, other: ReceivedInstance) -> bool:
    """Whether different bytes say the same: a sender may choose another transfer syntax the next time.

    Compressed pixels are not decoded for this, and other byte orders not turned around: these count as different.
    """
    syntaxes = (one.transfer_syntax_uid, other.transfer_syntax_uid)
    encodings = [Encoding.of(syntax) for syntax in syntaxes]
    if len(set(syntaxes)) > 1 and any(each.encapsulated or not each.little_endian for each in encodings):
        return False
    contents = (
        _content(each.data_set, find_elements(each.data_set, encoding))
        for each, encoding in zip((one, other), encodings, strict=True)
    )
    return next(contents) == next(contents)


def _content(data_set: bytes, elements: Iterable[Element]) -> list[tuple[int, object]]:
    """Tags and values, items within items, without what only the encoding needs.

    That is VRs, delimiters, group lengths, and Data Set Trailing Padding (PS3.10 section 7.2).
    """
    return [
        (element.tag, [_content(data_set, item) for item in element.items])
        if element.vr == "SQ"
        else (element.tag, data_set[element.start : element.end])
        for element in elements
        if element.tag & 0xFFFF and element.tag != _TRAILING_PADDING
    ]


def _sync_folder(folder: Path) -> None:
    """Make a new name durable. Windows has no such call; NTFS keeps its own journal of names."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
