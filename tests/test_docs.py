"""The documents say what is so: links lead somewhere, tables agree with the code."""

import re
from pathlib import Path

import pytest

from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.worklist_model import STEP, WORKLIST_MODEL

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert not missing


def test_the_worklist_document_lists_the_supported_attributes() -> None:
    text = (ROOT / "docs" / "worklist.md").read_text(encoding="utf-8")
    listed: dict[str, tuple[str, str]] = {}
    path: list[str] = []
    for line in text[text.index("## Supported attributes") :].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        found = re.fullmatch(r"((?:> )*)(\w+) \([0-9A-F]{4},[0-9A-F]{4}\)", cells[0])
        if found:
            depth = found[1].count(">")
            path = [*path[:depth], found[2]]
            listed[".".join(path)] = (cells[2], cells[3])
    assert listed == {one.path: (one.matching, one.returned) for one in WORKLIST_MODEL.values()}
    assert STEP in listed


def test_the_statuses_of_the_conformance_page_are_the_codes() -> None:
    text = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    named = {value for name, value in vars(status).items() if name.isupper() and isinstance(value, int)}
    documented = {int(code, 16) for code in re.findall(r"0x([0-9A-F]{4})", text)}
    # 0x0211 belongs to the services that nobody asks for here; everything else that we send is in the tables.
    assert named - documented <= {status.UNRECOGNIZED_OPERATION}


def test_the_readme_names_commands_that_exist() -> None:
    from hl7dicom_lab.cli import main

    named = set(re.findall(r"start\.py (\w+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named
    assert named <= set(main.commands)
