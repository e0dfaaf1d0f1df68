"""Fonts for names and reports in any script, for pictures drawn with matplotlib.

Rule: drawing never fails and never warns because of a character. Each character is drawn with a font that has it;
where the machine has none, a square stands for it, and the picture says that the other forms show the text whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

#: Comes with matplotlib: Latin, Greek, Cyrillic, Arabic and more, on every machine.
BASE = "DejaVu Sans"
MISSING = "□"

#: Families with wide coverage, as Linux, macOS and Windows have them.
_WIDE = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic",
    "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Yu Gothic", "Meiryo", "MS Gothic",
    "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic",
    "Microsoft YaHei", "PingFang SC", "Heiti TC", "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "Droid Sans Fallback", "Arial Unicode MS", "Noto Sans", "Unifont", "FreeSans", "Segoe UI Symbol",
)  # fmt: skip


def families(text: str) -> tuple[str, ...]:
    """The font families that draw `text` between them; matplotlib takes the first one that has a character."""
    wanted = {character for character in text if not _has(BASE, character)}
    chosen = [BASE]
    for family in _installed():
        found = {character for character in wanted if _has(family, character)}
        if found:
            chosen.append(family)
            wanted -= found
    return tuple(chosen)


def is_drawable(text: str) -> bool:
    """Whether every character of `text` has a font."""
    return drawable(text) == text


def drawable(text: str) -> str:
    """`text` with a square for each character that no font has."""
    return "".join(character if _has_any(character) else MISSING for character in text)


def _has_any(character: str) -> bool:
    return _has(BASE, character) or any(_has(family, character) for family in _installed())


@lru_cache(maxsize=4096)
def _has(family: str, character: str) -> bool:
    face = _face(family)
    return face is not None and face.get_char_index(ord(character)) != 0


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return tuple(family for family in _WIDE if family in known)


@lru_cache(maxsize=64)
def _face(family: str) -> FT2Font | None:
    """The family's regular face; None where FreeType cannot open it."""
    try:
        return font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=[family])))
    except (OSError, RuntimeError, ValueError):
        return None


def clusters(text: str) -> Iterator[str]:
    """The pieces at which a line may be broken: words with the space after them, single characters of a long word."""
    word = ""
    for character in text:
        word += character
        if character == " " or ord(character) >= 0x2E80:  # East Asian writing has no spaces between words
            yield word
            word = ""
    if word:
        yield word
