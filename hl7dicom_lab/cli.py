"""The command line: `hl7dicom-lab start | workspace | reset | progress | demo | serve | classroom | doctor | ...`.

Thin on purpose: every command reads its options and hands them to the module that does the work. Libraries are
imported by the command that uses them, so that `--help` answers at once.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hl7dicom_lab import __version__, story
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
    from hl7dicom_lab import classroom, jupyter

    work = _lay(folder)
    notebook = _FIRST if (work / _FIRST).exists() else ""

    def announce(address: str) -> None:
        click.echo(f"JupyterLab: {address}\nTo stop it, press Ctrl-C here. Your notebooks stay in the work folder.")

    classroom.resume()  # for all kernels; it sends only where the learner has joined a class
    jupyter.run(jupyter.JupyterOptions(work, notebook, host, port, browser), announce)
    click.echo("JupyterLab has stopped.")


@main.command()
@click.option("--folder", type=_FOLDER, help="Your work folder.  [default: hl7dicom_lab in your home folder]")
@click.option("--solutions", type=_FOLDER, help="For the instructor: write the solved lessons here instead.")
def workspace(folder: Path | None, solutions: Path | None) -> None:
    """Bring the notebooks of your work folder up to date, without opening JupyterLab."""
    if solutions is None:
        _lay(folder)
        return
    from hl7dicom_lab.course.solutions import lay_solutions
    from hl7dicom_lab.course_files import notebooks_folder

    if folder is not None:
        raise click.UsageError("--solutions has a folder of its own; leave --folder out.")
    click.echo("Each lesson is solved and run; that takes a minute or two.")
    for path in lay_solutions(notebooks_folder(), solutions):
        click.echo(f"  {path}")


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


@main.command("reset-seat")
@click.option("--folder", type=_FOLDER, help="The work folder.  [default: hl7dicom_lab in your home folder]")
@click.option("--progress/--keep-progress", default=True, show_default=True, help="Clear the learner's progress too.")
@click.option("--remove", is_flag=True, help="Delete what the learner left, instead of keeping it under a dated name.")
@click.option("--yes", is_flag=True, help="Do not ask before something is deleted.")
def reset_seat(folder: Path | None, progress: bool, remove: bool, yes: bool) -> None:
    """Put this seat back for the next learner: notebooks as they came, no progress. Close JupyterLab first."""
    from datetime import date

    from hl7dicom_lab import reset_seat as seats
    from hl7dicom_lab.course_files import notebooks_folder
    from hl7dicom_lab.workspace import work_folder

    seat = seats.look_at(work_folder(folder), progress=progress)
    if remove and seat.left and not yes:
        click.confirm(f"Delete {seat.left}?", abort=True)
    for sentence in seats.put_back(seat, notebooks_folder(), date.today(), remove=remove):
        click.echo(sentence)


@main.command()
@click.argument("lessons", nargs=-1)
@click.option("--to", "folder", type=_FOLDER, required=True, help="The folder that they are written into.")
@click.option("--institution", type=_FILE, help="Your logo on the first slide, from this YAML file.")
def slides(lessons: tuple[str, ...], folder: Path, institution: Path | None) -> None:
    """Make slides of LESSONS (such as 04; without any, of all): one HTML file each that needs no network."""
    from hl7dicom_lab.course.lessons import LESSONS, find_lesson
    from hl7dicom_lab.course.slides.deck import write_decks
    from hl7dicom_lab.course_files import notebooks_folder
    from hl7dicom_lab.institution import read_institution
    from hl7dicom_lab.institution.chosen import chosen_institution

    there = read_institution(institution) if institution else chosen_institution()
    chosen = [find_lesson(one) for one in lessons] or LESSONS
    for path, number in write_decks(notebooks_folder(), folder, chosen, there):
        click.echo(f"{path}: {number} slides")
    click.echo("Open a file in a browser. Right and left turn the slides, S opens the speaker's window.")


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
@click.option(
    "--facility", default=story.FACILITY, show_default=True, help="Its name in MSH-4 and MSH-6, and in its AE titles."
)
@click.option("--class", "for_class", is_flag=True, help="One hospital for a class: each seat has its own patients.")
@click.option("--institution", type=_FILE, help="Names, scanners and patients of your own, from this YAML file.")
@click.option("--other-users", is_flag=True, help="Serve every user of this machine, not only the one who starts it.")
@click.option("--tls-cert", type=_FILE, help="TLS on all ports, with this certificate (PEM).")
@click.option("--tls-key", type=_FILE, help="The key of the certificate (PEM, not encrypted).")
@click.option("--tls-ca", type=_FILE, help="Clients must show a certificate that this authority has signed (PEM).")
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


@main.command()
@click.option("--port", type=_PORT, default=8898, show_default=True, help="The port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 for all.")
@click.option("--home", type=_FOLDER, help="Keep the class here.  [default: in your data folder]")
@click.option("--folder", type=_FOLDER, help="Read each learner's progress from ROOT/NAME/progress.jsonl.")
@click.option("--forget", metavar="NAME", help="Delete one learner, and end.")
@click.option("--forget-all", is_flag=True, help="Delete the whole class, and end.")
def classroom(forget: str | None, forget_all: bool, **options: Any) -> None:
    """For the instructor: see live, in a browser, how the class is doing."""
    from hl7dicom_lab.classroom import service

    if forget or forget_all:
        click.echo(service.forget(options["home"], None if forget_all else forget))
    else:
        service.run(service.ClassroomOptions(**options), click.echo)


@main.command()
@click.argument("where", metavar="CODE")
@click.argument("name")
def join(where: str, name: str) -> None:
    """Join a class as NAME, or under an alias; CODE is what your instructor shows, such as http://host:8898/K7QM-2XWD."""
    from hl7dicom_lab import classroom
    from hl7dicom_lab.classroom.joining import split_invitation

    click.echo(classroom.join(*split_invitation(where), name))
    click.echo(classroom.send_once())


@main.command()
@click.option("--seats", type=click.IntRange(1, 500), required=True, help="How many learners sit at this machine.")
@click.option("--lessons", default="02-08", show_default=True, help="The lessons that they walk, or one of them: 04.")
@click.option("--json", "file", type=_FILE, help="Write every cell of every seat to this file.")
@click.pass_context
def preflight(ctx: click.Context, seats: int, lessons: str, file: Path | None) -> None:
    """Before a class: walk the lessons with N kernels at once, and say how many seats this machine carries."""
    from hl7dicom_lab import preflight as before_class

    ctx.exit(0 if before_class.command(seats, lessons, file, _console(), click.echo) else 1)


def _checkout(command: str, folder: str, file: str, *, needs: Mapping[str, str]) -> Path:
    """The checkout that a command works on; `needs` are modules that it imports, with the package of each.

    Raises `SetupError` where this is none, or a package is missing.
    """
    root = Path(__file__).resolve().parent.parent
    if not (root / folder / file).is_file():
        raise SetupError(f"the {folder} are not part of the wheel", next_step="run them from a checkout")
    for module, package in needs.items():
        if importlib.util.find_spec(module) is None:
            raise SetupError(f"{package} is not installed", next_step=f"run `python3 start.py {command}`")
    return root


@main.command("test", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run_tests(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the tests of a checkout; ARGUMENTS go to pytest."""
    root = _checkout("test", "tests", "conftest.py", needs={"xdist": "pytest-xdist"})
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", *arguments]
    if _only_notebooks(root, arguments):
        command += ["-p", "no:hypothesispytest"]  # its import takes a tenth of the whole, in each worker
    ctx.exit(subprocess.run(command, cwd=root, check=False).returncode)


def _only_notebooks(root: Path, arguments: Sequence[str]) -> bool:
    """Whether nothing is tested but notebooks."""
    paths = [(root / one.partition("::")[0]).resolve() for one in arguments if not one.startswith("-")]
    named = [path for path in paths if path.exists()]
    return bool(named) and all(path.is_relative_to(root / "notebooks") for path in named)


@main.command("bench", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run_benchmarks(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Measure a checkout beside other programs; ARGUMENTS are topics and options, `--help` names them."""
    root = _checkout("bench", "benchmarks", "__main__.py", needs={"psutil": "psutil"})
    # The files that the arguments name are meant from where the person is, so the folder is not changed.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(root), os.getenv("PYTHONPATH"))))}
    command = [sys.executable, "-m", "benchmarks", *arguments]
    ctx.exit(subprocess.run(command, env=environment, check=False).returncode)


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
