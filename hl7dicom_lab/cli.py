"""The command line: `hl7dicom-lab start | workspace | reset | progress | demo | serve | doctor | test | refresh`.

Thin on purpose: every command reads its options and hands them to the module that does the work. Libraries are
imported by the command that uses them, so that `--help` answers at once.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hl7dicom_lab import __version__
from hl7dicom_lab.errors import LabError, SetupError

if TYPE_CHECKING:
    from rich.console import Console

_PORT = click.IntRange(0, 65535)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_FIRST = "00_start_here.ipynb"


class _Commands(click.Group):
    """The group of commands; an error of the lab becomes one readable message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LabError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A radiology department on this machine: EMR, RIS, scanner, PACS and dictation over real HL7 and DICOM."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that has no é or ␋ gets a replacement, not a crash.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")


@main.command()
@click.option("--folder", type=_FOLDER, help="Your work folder.  [default: hl7dicom_lab in your home folder]")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port.  [default: the first free one from 8888]")
@click.option("--browser/--no-browser", default=True, help="Open a browser, or only print the address.")
def start(folder: Path | None, host: str, port: int | None, browser: bool) -> None:
    """Open the course in JupyterLab."""
    from hl7dicom_lab import jupyter

    work = _lay(folder)
    notebook = _FIRST if (work / _FIRST).exists() else ""

    def announce(address: str) -> None:
        click.echo(f"JupyterLab: {address}\nTo stop it, press Ctrl-C here. Your notebooks stay in the work folder.")

    jupyter.run(jupyter.JupyterOptions(work, notebook, host, port, browser), announce)
    click.echo("JupyterLab has stopped.")


@main.command()
@click.option("--folder", type=_FOLDER, help="Your work folder.  [default: hl7dicom_lab in your home folder]")
def workspace(folder: Path | None) -> None:
    """Bring the notebooks of your work folder up to date, without opening JupyterLab."""
    _lay(folder)


@main.command()
@click.argument("lesson")
@click.option("--folder", type=_FOLDER, help="Your work folder.  [default: hl7dicom_lab in your home folder]")
def reset(lesson: str, folder: Path | None) -> None:
    """Put the notebook of LESSON (such as 04) back as it came; your copy is kept beside it under a dated name."""
    from datetime import date

    from hl7dicom_lab import workspace as work
    from hl7dicom_lab.course.lessons import find_lesson
    from hl7dicom_lab.course_files import notebooks_folder

    name = find_lesson(lesson).file_name
    fresh, kept = work.reset_notebook(notebooks_folder(), work.work_folder(folder), name, date.today())
    click.echo(f"{fresh.name} is as it came." + (f" Your copy is {kept.name}." if kept else ""))
    click.echo("If it is open in JupyterLab, close it there and open it again.")


@main.command()
@click.option("--csv", "form", flag_value="csv", help="As CSV, one line a lesson.")
@click.option("--json", "form", flag_value="json", help="As JSON.")
def progress(form: str | None) -> None:
    """Show what you have done in the course."""
    from hl7dicom_lab.course.dashboard import Dashboard
    from hl7dicom_lab.course.progress import Progress

    dashboard = Dashboard.of(Progress.of_this_learner())
    click.echo(getattr(dashboard, form)() if form else str(dashboard), nl=form != "csv")


@main.command()
@click.option(
    "--picture", type=_FILE, default=Path("demo.png"), show_default=True, help="Where the final screen is drawn to."
)
def demo(picture: Path) -> None:
    """Show the whole way, from the order to the report beside the images, message by message."""
    from hl7dicom_lab import demo as demonstration

    demonstration.run(picture, _console())


@main.command()
@click.option("--home", type=_FOLDER, help="Keep orders, images and reports here.  [default: a temporary folder]")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address that every system listens on.")
@click.option("--addresses", type=_FILE, help="Write the addresses as JSON to this file once everything listens.")
@click.option("--ris-hl7-port", type=_PORT, default=0, help="RIS: ADT and orders over MLLP.  [default: a free port]")
@click.option("--worklist-port", type=_PORT, default=0, help="RIS: Modality Worklist.  [default: a free port]")
@click.option("--pacs-hl7-port", type=_PORT, default=0, help="PACS: reports over MLLP.  [default: a free port]")
@click.option("--storage-port", type=_PORT, default=0, help="PACS: C-STORE.  [default: a free port]")
@click.option("--emr-hl7-port", type=_PORT, default=0, help="EMR: reports over MLLP.  [default: a free port]")
@click.option("--seed", type=int, default=1, show_default=True, help="What identifiers and UIDs are derived from.")
def serve(**options: Any) -> None:
    """Run the department for other programs until Ctrl-C."""
    from hl7dicom_lab import serve as department

    department.run(department.ServeOptions(**options))


@main.command()
@click.option("--folder", type=_FOLDER, help="The work folder to check.  [default: hl7dicom_lab in your home folder]")
@click.pass_context
def doctor(ctx: click.Context, folder: Path | None) -> None:
    """Check this machine, and say how to mend what is wrong."""
    from hl7dicom_lab import doctor as machine

    ctx.exit(0 if machine.report(machine.examine(folder), _console()) else 1)


@main.command("test", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run_tests(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the tests of a checkout; ARGUMENTS go to pytest."""
    root = Path(__file__).resolve().parent.parent
    if not (root / "tests" / "conftest.py").is_file():
        raise SetupError("the tests are not part of the wheel", next_step="run them from a checkout")
    if importlib.util.find_spec("xdist") is None:
        raise SetupError("pytest-xdist is not installed", next_step="run `python3 start.py test`")
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", *arguments]
    ctx.exit(subprocess.run(command, cwd=root, check=False).returncode)


@main.command()
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Store nothing; fail where a notebook prints something else than it holds.")
@click.pass_context
def refresh(ctx: click.Context, names: tuple[str, ...], check: bool) -> None:
    """Run the notebooks of a checkout and store what they print; NAMES such as 04 choose some of them."""
    from hl7dicom_lab.course import refresh as notebooks
    from hl7dicom_lab.course_files import notebooks_folder

    drifted = False
    for path, changed in notebooks.refresh(notebooks_folder(), names, write=not check):
        drifted |= changed
        click.echo(f"{path.name}: {'changed; look at the difference' if changed else 'as it was'}")
    ctx.exit(1 if check and drifted else 0)


def _lay(folder: Path | None) -> Path:
    """Bring the work folder up to date and say what was done; the folder."""
    from hl7dicom_lab import workspace as work
    from hl7dicom_lab.course_files import notebooks_folder

    place = work.work_folder(folder)
    laid = work.lay_notebooks(notebooks_folder(), place)
    click.echo(f"Work folder: {place}")
    for one in laid:
        if one.outcome is not work.Outcome.UNCHANGED:
            click.echo(f"  {one.path.name}: {one.outcome}")
    return place


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)
