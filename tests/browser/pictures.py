"""Where screenshots go: ignored by git, kept by CI."""

from __future__ import annotations

from pathlib import Path

PICTURES = Path(__file__).resolve().parent.parent.parent / "artifacts" / "screens"
