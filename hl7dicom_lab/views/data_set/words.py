"""What the data set explorer says in words: transfer syntaxes, value representations, pixels, the bytes of a header.

Standard: PS3.5 sections 6.2, 7.1, 8 and Annex A. Rule: a note says what a reader can see in the bytes, and no more.
"""

from __future__ import annotations

from collections.abc import Callable

from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom.dictionary import uid_name
from hl7dicom_lab.dicom.element_tree import UNDEFINED, Node
from hl7dicom_lab.dicom.elements import Encoding, tag_text

_EXPLICIT_BIG_ENDIAN, _DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
#: PS3.5 Table 6.2-1.
VRS = {
    "AE": "application entity title", "AS": "age", "AT": "attribute tag", "CS": "code string", "DA": "date",
    "DS": "decimal number as text", "DT": "date and time", "FD": "floating point number, 64 bits",
    "FL": "floating point number, 32 bits", "IS": "whole number as text", "LO": "long string", "LT": "long text",
    "OB": "bytes", "OD": "64-bit floating point numbers", "OF": "32-bit floating point numbers", "OL": "32-bit words",
    "OV": "64-bit words", "OW": "16-bit words", "PN": "person name", "SH": "short string",
    "SL": "signed whole number, 32 bits", "SQ": "sequence of items", "SS": "signed whole number, 16 bits",
    "ST": "short text", "SV": "signed whole number, 64 bits", "TM": "time", "UC": "text of any length",
    "UI": "unique identifier, UID", "UL": "unsigned whole number, 32 bits", "UN": "unknown",
    "UR": "address (URI or URL)", "US": "unsigned whole number, 16 bits",
    "UT": "text of any length", "UV": "unsigned whole number, 64 bits",
}  # fmt: skip
#: The pieces of an element that are its value.
VALUE_PIECES = frozenset({"value", "the fragment"})
_NAME_GROUPS = ("alphabetic", "ideographic", "phonetic")
_NAME_PARTS = ("family name", "given name", "middle name", "prefix", "suffix")


def syntax_name(syntax: str) -> str:
    """A transfer syntax by name and UID."""
    return f"{uid_name(syntax) or 'an unknown transfer syntax'} ({syntax})"


def syntax_meaning(syntax: str) -> str:
    """What a transfer syntax means for the bytes."""
    if syntax == _DEFLATED:
        return "as Explicit VR Little Endian, and then deflated (compressed) as a whole"
    encoding = Encoding.of(syntax)
    if encoding.encapsulated:
        return "the pixels are compressed, in fragments; all else is Explicit VR Little Endian"
    vr = "each element names its VR" if not encoding.implicit_vr else "no element names its VR, the dictionary has it"
    order = f"the {'low' if encoding.little_endian else 'high'} byte of a number comes first"
    return f"{vr}; {order}{'; retired' if syntax == _EXPLICIT_BIG_ENDIAN else ''}"


def about(name: str, vr: str, node: Node, value: str) -> str:
    """An element in words: its name, its type, and the parts of a person's name."""
    said = [name] if name else []
    if vr in VRS:
        written = f"{vr}, {VRS[vr]}"
        said.append(f"{written} (by the dictionary; the VR is not written)" if node.implicit else written)
    if vr == "PN" and value:
        said.append(name_words(value))
    return ". ".join(said)


def name_words(value: str) -> str:
    """`Rivera^Elena` as `family name Rivera, given name Elena`; each component group where there are several."""
    one = value.partition("\\")[0]
    groups = one.split("=")[:3]
    told = [_name_group(group) for group in groups]
    if len(groups) == 1:
        return told[0]
    return "; ".join(f"{title}: {group}" for title, group in zip(_NAME_GROUPS, told, strict=False) if group)


def _name_group(group: str) -> str:
    parts = zip(_NAME_PARTS, group.split("^"), strict=False)
    return ", ".join(f"{title} {part.strip()}" for title, part in parts if part.strip())


def pieces(node: Node, little_endian: bool) -> tuple[tuple[str, int], ...]:
    """The bytes of an element in order: what each piece of them is, and how many they are."""
    order = "low byte first" if little_endian else "high byte first"
    tag = f"tag {tag_text(node.tag)}, {order}"
    length = "undefined length" if node.length == UNDEFINED else f"length {node.length:,}"
    header: list[tuple[str, int]]
    if node.kind == "rest":
        header = []
    elif node.implicit:
        header = [(tag, 4), (f"{length}, {order}", 4)]
    elif node.start - node.at == 12:
        header = [(tag, 4), (f"VR {node.vr}", 2), ("reserved, 0", 2), (f"{length}, {order}", 4)]
    else:
        header = [(tag, 4), (f"VR {node.vr}", 2), (f"{length}, {order}", 2)]
    what = {"rest": "not readable", "item": "the item's elements", "fragment": "the fragment"}.get(node.kind, "value")
    what = "the items" if node.is_sequence else what
    if node.end > node.start:
        header.append((what, node.end - node.start))
    if node.after > node.end and node.kind != "rest":
        header.append(("delimiter: it ends here", node.after - node.end))
    return tuple(header)


def pixel_words(node: Node, number: Callable[[int], int], *, subsampled: bool = False) -> tuple[str, str]:
    """The pixel data's size in words, and a note where the bytes do not fit.

    `number` gives an element's value, 0 where it is absent; with `subsampled` two pixels share their colour.
    """
    size = node.end - node.start
    rows, columns, bits = number(0x00280010), number(0x00280011), number(0x00280100)
    if node.children or node.length == UNDEFINED:
        fragments = sum(child.kind == "fragment" for child in node.children)
        return f"compressed, {counted(fragments, 'fragment', ',')}, {size:,} bytes", ""
    if not rows or not columns or not bits:
        return f"{size:,} bytes", ""
    samples, frames = 2 if subsampled else number(0x00280002) or 1, number(0x00280008) or 1
    factors = [f"{frames:,} frames"] if frames > 1 else []
    factors += [f"{rows:,} rows", f"{columns:,} columns"]
    factors += [f"{samples} samples"] if samples > 1 else []
    expected = (rows * columns * samples * frames * bits + 7) // 8
    said = f"{' × '.join([*factors, f'{bits} bits'])} = {expected:,} bytes"
    if size in (expected, expected + expected % 2):
        return said, ""
    return said, f"There are {size:,} bytes, {'fewer' if size < expected else 'more'} than the image needs."


def plural(number: int, what: str) -> str:
    """`1 element`, `2 elements`."""
    return counted(number, what, ",")
