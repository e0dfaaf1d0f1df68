"""`hl7dicom-lab refresh`: run the notebooks and store what they print, after an intended change.

Rule: what stands in a notebook is what it printed when it was run, from the first cell to the last, in a new kernel.
The stored file holds nothing that differs from run to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hl7dicom_lab.errors import SetupError


def refresh(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Run every notebook of a folder in place; each with whether its file changed.

    Raises `SetupError` where a cell fails; that notebook stays as it was.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    for path in sorted(folder.glob("*.ipynb")):
        before = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(before, as_version=4)  # type: ignore[no-untyped-call] # nbformat has no types yet
        where = {"metadata": {"path": str(folder)}}
        client = NotebookClient(
            notebook, timeout=60, kernel_name="python3", record_timing=False, coalesce_streams=True, resources=where
        )
        try:
            client.execute()
        except CellExecutionError as error:
            raise SetupError(
                f"a cell fails: {error.ename}: {error.evalue}",
                where=path.name,
                next_step="open the notebook, run it to that cell, and mend the cell or the package",
            ) from error
        _settle(notebook)
        after = nbformat.writes(notebook) + "\n"  # type: ignore[no-untyped-call] # as above
        if after != before:
            path.write_text(after, encoding="utf-8", newline="\n")
        yield path, after != before


def _settle(notebook: object) -> None:
    """Take out what differs from machine to machine: the Python version, and the time of the run."""
    notebook.metadata["language_info"] = {"name": "python"}  # type: ignore[attr-defined] # nbformat's NotebookNode
    for cell in notebook.cells:  # type: ignore[attr-defined]
        cell.metadata.pop("execution", None)
