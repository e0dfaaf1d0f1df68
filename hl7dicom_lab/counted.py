"""How many of something, in words: `1 image`, `2 images`.

Rule: one place knows when a noun takes its s.
"""

from __future__ import annotations


def counted(number: int, noun: str, separator: str = "") -> str:
    """The number with its noun; `separator` "," parts thousands: `131,072 bytes`."""
    return f"{number:{separator}} {noun}{'' if number == 1 else 's'}"
