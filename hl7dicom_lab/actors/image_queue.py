"""The send queue of a scanner: images that the PACS has not taken yet.

IHE RAD-8. Rule: an image leaves the queue when the PACS has answered that it keeps it, and for no other reason.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydicom.dataset import Dataset


@dataclass(frozen=True, repr=False)
class WaitingImage:
    """An image in the queue, and why it is still there."""

    data_set: Dataset = field(repr=False)
    why: str

    @property
    def sop_instance_uid(self) -> str:
        """Which image it is."""
        return str(self.data_set.SOPInstanceUID)

    @property
    def accession_number(self) -> str:
        """The examination that it belongs to."""
        return str(self.data_set.get("AccessionNumber") or "")

    def __repr__(self) -> str:
        number = self.data_set.get("InstanceNumber")
        return f"<image {number or self.sop_instance_uid} of {self.accession_number or '(no accession)'}: {self.why}>"


class ImageQueue:
    """The images of one scanner that wait, each once, in the order in which they came. Thread-safe."""

    def __init__(self) -> None:
        self._waiting: dict[str, WaitingImage] = {}
        self._lock = threading.Lock()

    def waiting(self) -> tuple[WaitingImage, ...]:
        """What waits."""
        with self._lock:
            return tuple(self._waiting.values())

    def keep(self, images: Iterable[WaitingImage]) -> None:
        """Let images wait."""
        with self._lock:
            self._waiting |= {one.sop_instance_uid: one for one in images}

    def settle(self, sop_instance_uids: Iterable[str]) -> None:
        """Let go of what the PACS has."""
        with self._lock:
            for uid in sop_instance_uids:
                self._waiting.pop(uid, None)
