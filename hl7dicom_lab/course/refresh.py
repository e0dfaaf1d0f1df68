"""`hl7dicom-lab refresh`: run the notebooks and store what they print, after an intended change.

Rule: what stands in a notebook is what it printed when it was run, from the first cell to the last, in a new kernel,
by a learner who has not begun yet. The stored file holds nothing that differs from run to run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hl7dicom_lab.course.progress import VARIABLE as PROGRESS_VARIABLE
from hl7dicom_lab.course.seed import VARIABLE as SEED_VARIABLE
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.views.live import VARIABLE as WIDGETS_VARIABLE
from hl7dicom_lab.views.progress_bar import progress

#: How a kernel is set whose outputs are stored or compared: no progress from before, the text form of every card, and
#: everybody's values.
SETTINGS = {PROGRESS_VARIABLE: ":memory:", WIDGETS_VARIABLE: "0", SEED_VARIABLE: ""}


def refresh(folder: Path, names: Sequence[str] = (), *, write: bool = True) -> Iterator[tuple[Path, bool]]:
    """Run the notebooks of a folder, each with whether what it prints has changed; and store it, if `write`.

    `names` are the beginnings of file names (`04`); without them, all notebooks. Raises `SetupError` where a cell
    fails; that notebook stays as it was.
    """
    for path in sorted(folder.glob("*.ipynb")):
        if names and not path.name.startswith(tuple(names)):
            continue
        before = path.read_text(encoding="utf-8")
        after = run(before, path)
        if write and after != before:
            path.write_text(after, encoding="utf-8", newline="\n")
        yield path, after != before


def run(text: str, path: Path, settings: Mapping[str, str] = SETTINGS) -> str:
    """A notebook with the outputs of a run in the folder of `path`. Raises `SetupError` where a cell fails."""
    import hl7dicom_lab.course.quick_jsonschema  # noqa: F401 # comes first: nbformat is imported in a tenth of the time

    # isort: split
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call] # nbformat has no types yet
    client = NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # some kernels warn that they speak over 127.0.0.1, as all of them do
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        with progress(f"Running {path.name}", sum(cell.cell_type == "code" for cell in notebook.cells)) as one_more:
            client.on_cell_executed = lambda **_: one_more()
            client.execute(env={**os.environ, **settings})
    except CellExecutionError as error:
        raise SetupError(
            f"a cell fails: {error.ename}: {error.evalue}",
            where=path.name,
            next_step="open the notebook, run it to that cell, and mend the cell or the package",
        ) from error
    _settle(notebook)
    return str(nbformat.writes(notebook)) + "\n"  # type: ignore[no-untyped-call] # as above


def _settle(notebook: Any) -> None:
    """Take out what differs from machine to machine: the Python version, and the time of the run."""
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
