"""A YAML file, read with the line of each value, so that an error says where to look.

Rules: every value is taken as the text that stands there, so `NO` is a name and `00123` keeps its zeros; a key that is
unknown or stands twice is an error, not a surprise; nothing in a file can make an object or run anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from hl7dicom_lab.errors import SetupError

if TYPE_CHECKING:
    from yaml import MappingNode, Node

#: More than this is no description of an institution.
_LARGEST = 256 * 1024


@dataclass(frozen=True)
class Value:
    """A text of the file, and where it stands."""

    text: str
    where: str


@dataclass(frozen=True)
class Section:
    """Keys with values: the file itself, or an item of a list in it. `path` is empty for the file."""

    file: str
    path: str
    line: int
    nodes: dict[str, Node]

    def where(self, key: str = "") -> str:
        """The file, the line and the key, as an error names them."""
        line = self.nodes[key].start_mark.line + 1 if key in self.nodes else self.line
        path = ".".join(part for part in (self.path, key) if part)
        return f"{self.file}, line {line}{f', {path}' if path else ''}"

    def text(self, key: str, default: str | None = None) -> Value:
        """The value of a key. Raises `SetupError` where it is missing and has no default, or is no text."""
        if key not in self.nodes:
            if default is None:
                raise SetupError(
                    f"{key} is missing", where=self.where(), next_step=f"add a line that begins with `{key}:`"
                )
            return Value(default, self.where(key))
        node = self.nodes[key]
        if not isinstance(node.value, str):
            raise SetupError(
                "this is a text, and not a list or a group of keys",
                where=self.where(key),
                next_step=f"write `{key}: the text` on one line",
            )
        return Value(node.value.strip(), self.where(key))

    def sections(self, key: str, known: Collection[str]) -> Iterator[Section]:
        """The items of a list, each with the keys that it may have; none where the key is not there."""
        from yaml import SequenceNode

        if key not in self.nodes:
            return
        node = self.nodes[key]
        if not isinstance(node, SequenceNode):
            raise SetupError(
                "this is a list", where=self.where(key), next_step=f"begin each item below `{key}:` with a dash"
            )
        for number, item in enumerate(node.value, 1):
            yield _section(self.file, f"{key}[{number}]", item, known)


def read_document(path: Path, known: Collection[str]) -> Section:
    """The file's keys. Raises `SetupError` for what cannot be read, is no YAML, or has a key that nobody knows."""
    try:
        import yaml
    except ImportError as problem:
        raise SetupError(
            "PyYAML is not installed, and an institution's file is YAML",
            where=path.name,
            next_step='install it: `pip install "hl7dicom-lab[institution]"`',
        ) from problem
    text = read_text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as problem:  # RecursionError: brackets in brackets in brackets
        mark = getattr(problem, "problem_mark", None)
        raise SetupError(
            f"this is no YAML: {getattr(problem, 'problem', None) or problem}",
            where=f"{path.name}, line {mark.line + 1}" if mark else path.name,
            next_step="write `key: value`, begin the items of a list with a dash, and indent with spaces",
        ) from problem
    return _section(path.name, "", root, known)


def read_text(path: Path) -> str:
    """A text file in UTF-8, with or without a byte order mark. Raises `SetupError`."""
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        raise SetupError(
            f"the file cannot be read ({getattr(problem, 'strerror', None) or problem})",
            where=str(path),
            next_step="check its name; names in an institution's file are meant from that file's folder",
        ) from problem
    if len(content) > _LARGEST:
        raise SetupError(
            f"the file has more than {_LARGEST // 1024} KB",
            where=path.name,
            next_step="name the right file, or leave most of it out",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise SetupError(
            "the file is not written in UTF-8",
            where=f"{path.name}, line {line}",
            next_step="save it as UTF-8 (in a spreadsheet: `CSV UTF-8`)",
        ) from problem


def unknown(name: str, known: Collection[str], where: str, what: str = "key") -> SetupError:
    """The error for a name that is none of those that are known; it names the nearest one."""
    names = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    meant = f"did you mean {names[near[0]]}? " if near else ""
    return SetupError(f"there is no {what} {name!r}", where=where, next_step=f"{meant}choose one of {', '.join(known)}")


def _section(file: str, path: str, node: Node | None, known: Collection[str]) -> Section:
    from yaml import MappingNode

    line = node.start_mark.line + 1 if node is not None else 1
    where = f"{file}, line {line}{f', {path}' if path else ''}"
    if not isinstance(node, MappingNode):
        raise SetupError(
            "here stand keys with values",
            where=where,
            next_step=f"write lines such as `{next(iter(known))}: value`",
        )
    return Section(file, path, line, _keys(file, path, node, known))


def _keys(file: str, path: str, node: MappingNode, known: Collection[str]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, value in node.value:
        where = f"{file}, line {key.start_mark.line + 1}{f', {path}' if path else ''}"
        name = key.value if isinstance(key.value, str) else "a list"
        if name not in known:
            raise unknown(name, known, where)
        if name in found:
            raise SetupError(f"{name} stands twice", where=where, next_step="keep one of the two lines")
        found[name] = value
    return found
