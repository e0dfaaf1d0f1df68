"""What is started and stopped: a system, a port, a whole department. In a `with` block it runs as long as the block.

Rules: `stop` is safe to call again, and after a `start` that failed; what was stopped has freed its ports and files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Running(ABC):
    """The two methods that a `with` block needs, for whatever has a start and a stop."""

    @abstractmethod
    def start(self) -> Self:
        """Begin."""

    @abstractmethod
    def stop(self) -> None:
        """End. Safe to call again."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
