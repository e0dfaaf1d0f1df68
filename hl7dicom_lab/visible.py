"""Text from the wire, made fit to be looked at.

Rule: what came from somewhere else cannot command a terminal, break a line, or turn the text around it. It is shown
instead: nothing is left out unseen.
"""

from __future__ import annotations

_VISIBLE = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
#: Characters that command a terminal (C1), or reorder or hide text around them (Unicode directional formatting, zero
#: width, separators).
_HIDDEN = (
    *range(0x80, 0xA0),
    0xAD,
    0x061C,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
)
_VISIBLE |= dict.fromkeys(_HIDDEN, 0xFFFD)


def visible(text: str) -> str:
    """Text on one line with its control characters shown as symbols: VT as ␋, FS as ␜, CR as ␍, ESC as ␛."""
    return text.translate(_VISIBLE)
