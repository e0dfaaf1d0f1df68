"""Prepare the lab beside this file and run it: `python3 start.py`, or `python3 start.py test | demo | doctor | ...`.

The first run makes a private Python environment in `.venv` and installs the versions that `constraints.txt` names;
later runs find it ready and need no network. Everything after that is done by `hl7dicom-lab` inside `.venv`.

Rules: standard library only; the file parses on Python 3.6, so that an old Python can say what is missing; an
install that failed or was interrupted never looks ready; a `.venv` that somebody else made is never deleted.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs an old Python reads this line
    sys.exit(
        f"hl7dicom_lab needs Python 3.11, 3.12 or 3.13. This is Python {sys.version.split()[0]} ({sys.executable}).\n"
        "Next step: run start.py with a newer one, for example `python3.12 start.py`, or install one from your "
        "system's packages or from python.org."
    )

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sysconfig
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

USAGE = """\
Usage: python3 start.py [COMMAND] [ARGUMENTS]

  start    open the course in JupyterLab (this is what happens without a command)
  reset    put one lesson back as it came: `reset 04`; your copy stays beside it
  progress show what you have done in the course
  demo     the whole way from the order to the report, in the terminal
  test     run the tests
  bench    measure the lab beside other programs: `bench worklist`, or all topics
  doctor   check this machine and say how to mend what is wrong
  setup    only prepare .venv; `setup dev` adds the tools of those who work on the lab

Any other command goes to hl7dicom-lab as it is; `python3 start.py COMMAND --help` explains one.
"""

#: What an installer's output says about the cause, and what to do; the first that is found is shown.
CAUSES = (
    (
        r"No space left|not enough (free )?space|disk full",
        "The disk is full. The environment needs about 500 MB beside start.py and some in the temporary folder.",
    ),
    (
        r"407 Proxy|ProxyError|Cannot connect to proxy",
        "The proxy refused. Set HTTPS_PROXY to its address, with a user name where it wants one.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|UnknownIssuer|SSLError|invalid peer certificate",
        "The package index could not prove who it is. Set SSL_CERT_FILE and PIP_CERT to your proxy's certificate file.",
    ),
    (
        r"name resolution|getaddrinfo|dns error|Could not fetch|NewConnectionError|ConnectTimeout|ConnectionError"
        r"|Connection (refused|reset)|timed out|Network is unreachable|error sending request|Failed to fetch",
        "The package index was not reached. Check the network; behind a proxy, set HTTPS_PROXY to its address.",
    ),
    (
        r"Permission denied|Read-only file system|Access is denied",
        "A file could not be written. Put the folder where you may write, or close the programs that use .venv.",
    ),
    (
        r"No matching distribution|no version of|No solution found|Failed (to build|building)|error: command '",
        "A package has no build for this Python or system. Use Python 3.11 to 3.13 on Linux, macOS or Windows.",
    ),
)


class SetupFailed(Exception):
    """The environment could not be prepared; the text says why and what to do next."""


@dataclass(frozen=True)
class Checkout:
    """The folder with start.py, and what is where in it."""

    root: Path

    @property
    def venv(self) -> Path:
        """The private environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def state_file(self) -> Path:
        """What start.py has done in `.venv`; its presence says that start.py made the folder."""
        return self.venv / "start.json"

    @property
    def log(self) -> Path:
        """All that the installers said."""
        return self.venv / "install.log"

    @property
    def packages(self) -> Path:
        """Where the environment keeps its packages."""
        base = str(self.venv)
        return Path(sysconfig.get_path("purelib", "venv", {"base": base, "platbase": base}))

    def installed(self) -> int:
        """How many packages the environment has."""
        return sum(1 for _ in self.packages.glob("*.dist-info"))

    def fingerprint(self) -> str:
        """A digest of what is to be installed."""
        parts = (self.root / name for name in ("pyproject.toml", "constraints.txt"))
        return hashlib.sha256(b"\0".join(part.read_bytes() for part in parts)).hexdigest()

    def requirements(self, groups: Iterable[str]) -> list[str]:
        """The direct dependencies of the package and of dependency groups (PEP 735), without duplicates."""
        table = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))
        # hatchling needs `editables` to install a folder in editable form (PEP 660).
        names = [*table["project"]["dependencies"], *table["build-system"]["requires"], "editables"]
        for group in groups:
            names += _group(table["dependency-groups"], group)
        return list(dict.fromkeys(names))


def _group(groups: dict[str, Any], name: str) -> list[str]:
    """One dependency group with the groups that it includes."""
    names: list[str] = []
    for entry in groups[name]:
        names += _group(groups, entry["include-group"]) if isinstance(entry, dict) else [entry]
    return names


@dataclass(frozen=True)
class State:
    """What start.py knows about `.venv`: who made it, by which Python and where, and what was installed last.

    Without a fingerprint an install was begun and not finished.
    """

    own: bool
    python: str = ""
    root: str = ""
    fingerprint: str = ""
    groups: tuple[str, ...] = ()

    @classmethod
    def read(cls, checkout: Checkout) -> "State":
        """The state as it was written; where there is none, `.venv` is ours only if it is not there yet."""
        try:
            fields = json.loads(checkout.state_file.read_text(encoding="utf-8"))
            return cls(**{**fields, "groups": tuple(fields["groups"])})
        except (FileNotFoundError, NotADirectoryError):
            return cls(own=not checkout.venv.exists())
        except (ValueError, KeyError, TypeError):
            return cls(own=True)

    def write(self, checkout: Checkout) -> None:
        """Keep the state in `.venv`."""
        checkout.state_file.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8", newline="\n")

    def fits(self, checkout: Checkout) -> bool:
        """Whether `.venv` was finished once, in this place and by this Python, so that it can be brought up to date."""
        return bool(self.fingerprint) and (self.python, self.root) == (this_python(), str(checkout.root))

    def ready(self, checkout: Checkout, groups: Iterable[str]) -> bool:
        """Whether nothing is left to install."""
        same = self.fits(checkout) and self.fingerprint == checkout.fingerprint()
        return same and checkout.python.exists() and set(groups) <= set(self.groups)


@dataclass(frozen=True)
class Installer:
    """A program that makes an environment and installs into it."""

    name: str
    make: tuple[str, ...]
    install: tuple[str, ...]


def this_python() -> str:
    """The Python that `.venv` is made by, as far as installed packages depend on it."""
    return f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"


def installers(checkout: Checkout) -> list[Installer]:
    """What this machine can install with, best first: uv where it is there, and venv with pip."""
    # Where start.py itself runs in a virtual environment, the Python below it makes the new one.
    base = getattr(sys, "_base_executable", "") or sys.executable
    venv, python = str(checkout.venv), str(checkout.python)
    found = []
    uv = shutil.which("uv")
    if uv:
        make = (uv, "venv", "--seed", "--allow-existing", "--no-project", "--python", base, venv)
        found.append(Installer("uv", make, (uv, "pip", "install", "--python", python)))
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        install = (python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off")
        found.append(Installer("pip", (base, "-m", "venv", venv), install))
    if not found:
        raise SetupFailed(
            "This Python cannot make a virtual environment: its part `ensurepip` is missing.\n"
            f"Next step: on Debian and Ubuntu, `sudo apt install python{sys.version_info.major}."
            f"{sys.version_info.minor}-venv`; elsewhere, install Python from python.org. Or install uv. "
            "Then run the same command again."
        )
    return found


def prepare(checkout: Checkout, groups: Iterable[str]) -> None:
    """Make `.venv` ready with the package, its dependencies and the dependency groups.

    Raises `SetupFailed`; the next run then makes anew what was left behind.
    """
    state = State.read(checkout)
    if state.ready(checkout, groups):
        return
    say("Preparing hl7dicom_lab. The first time takes a few minutes and needs the network; later runs do not.")
    first, *others = installers(checkout)
    wanted = tuple(sorted({*groups, *state.groups}))
    try:
        build(checkout, first, wanted)
    except SetupFailed:
        if not others:
            raise
        say(f"      {first.name} could not do it. Trying again with {others[0].name}.")
        build(checkout, others[0], wanted)


def build(checkout: Checkout, installer: Installer, groups: tuple[str, ...]) -> None:
    """Make or update `.venv` with one installer, and write down that it is finished."""
    state = begin(checkout)
    if checkout.python.exists():
        say("[1/3] The private environment in .venv is there")
    else:
        say(f"[1/3] Making a private environment in .venv ({this_python()}, with {installer.name})")
        run_step(checkout, "making the environment", installer.make)
    requirements = checkout.requirements(groups)
    say(f"[2/3] Installing {len(requirements)} packages and what they need, with {installer.name}")
    constraints = str(checkout.root / "constraints.txt")
    run_step(checkout, "installing the packages", (*installer.install, "-c", constraints, *requirements))
    say("[3/3] Installing hl7dicom_lab from this folder")
    editable = ("--no-deps", "--no-build-isolation", "-e", str(checkout.root))
    run_step(checkout, "installing hl7dicom_lab", (*installer.install, *editable))
    make_path_relative(checkout)
    State(state.own, this_python(), str(checkout.root), checkout.fingerprint(), groups).write(checkout)
    say("Ready.")


def begin(checkout: Checkout) -> State:
    """Mark the install as unfinished, and remove an environment of ours that cannot be brought up to date."""
    state = State.read(checkout)
    usable = runs(checkout.python) and (state.fits(checkout) or not state.own)
    if checkout.venv.exists() and not usable and not state.own:
        raise SetupFailed(
            f"{checkout.venv} is there, start.py did not make it, and its Python does not work.\n"
            "Next step: rename or delete that folder, then run the same command again."
        )
    try:
        if checkout.venv.exists() and not usable:
            shutil.rmtree(checkout.venv)
        checkout.venv.mkdir(exist_ok=True)
        State(state.own).write(checkout)
    except OSError as problem:
        raise SetupFailed(
            f"{checkout.venv} cannot be written: {problem}.\n"
            "Next step: close what runs from it (JupyterLab, a terminal), or put the folder where you may write."
        ) from problem
    return state


def runs(python: Path) -> bool:
    """Whether an environment's Python starts, and is new enough."""
    command = [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_path_relative(checkout: Checkout) -> None:
    """Let the environment find this folder by a relative path.

    Python before 3.13 reads path files in the locale's encoding: a folder named `Zoë` is not found on Windows, and
    under LC_ALL=C Python does not even start. `../../..` is ASCII wherever the folder is.
    """
    for path_file in checkout.packages.glob("*hl7dicom_lab*.pth"):
        path_file.write_text(os.path.relpath(checkout.root, checkout.packages) + "\n", encoding="ascii", newline="\n")


def run_step(checkout: Checkout, what: str, command: Iterable[str]) -> None:
    """Run one installer command, show how it goes on and keep all that it says. Raises `SetupFailed`."""
    said: list[str] = []
    progress = Progress(checkout.installed)
    try:
        with checkout.log.open("a", encoding="utf-8", newline="\n") as log:
            for line in output_of(command):
                said.append(line.rstrip())
                log.write(line)
                progress.show(line)
    except OSError as problem:
        raise SetupFailed(f"It stopped while {what}.\n{explain([str(problem)])}") from problem
    except subprocess.CalledProcessError as problem:
        text = f"It stopped while {what}.\n{explain(said)}\nAll that the installer said is in {checkout.log}."
        raise SetupFailed(text) from problem
    finally:
        progress.end()


def output_of(command: Iterable[str]) -> Iterator[str]:
    """The lines of a program while it runs. Raises `CalledProcessError` at the end if it failed."""
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    with process:
        yield from process.stdout or ()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)


def explain(said: list[str]) -> str:
    """What an installer's output means and what to do: the line that tells the cause, else its last lines."""
    for pattern, advice in CAUSES:
        telling = next((line for line in said if re.search(pattern, line, re.IGNORECASE)), "")
        if telling:
            return f"    {telling.strip()[:400]}\nNext step: {advice} Then run the same command again."
    last = "".join(f"    {line}\n" for line in said[-8:])
    return f"{last}Next step: mend what the lines above name, and run the same command again."


class Progress:
    """How far an installer is: in a terminal one line that changes, with the time; else a line now and then.

    `installed` counts the packages that are there. How many there will be, the installer says itself.
    """

    width = 72

    def __init__(self, installed: Callable[[], int] = lambda: 0) -> None:
        self.terminal = sys.stdout.isatty()
        self.collected = 0
        self._text = ""
        self._total = 0
        self._installed = installed
        self._begun = time.monotonic()
        self._over = threading.Event()
        self._drawing = threading.Lock()
        if self.terminal:
            threading.Thread(target=self._tick, daemon=True).start()

    def show(self, line: str) -> None:
        """Take one line of pip's or uv's output."""
        first, _, rest = line.rstrip().partition(" ")
        if first in ("Collecting", "Processing"):
            self.collected += 1
            self._text = f"{self.collected} packages found, now {rest.split(' ')[0].rpartition('/')[2]}"
            if self.terminal or self.collected % 20 == 0:
                self._put()
        elif first in ("Resolved", "Downloading", "Prepared", "Installing", "Installed"):
            self._text = f"{first} {rest}"
            self._expect(first, rest)
            self._put()

    def end(self) -> None:
        """Clear the changing line."""
        self._over.set()
        if self.terminal:
            with self._drawing:
                print(f"\r{'':<{self.width + 6}}\r", end="", flush=True)

    def _expect(self, first: str, rest: str) -> None:
        """Learn how many packages there will be: uv counts them, pip names them all in one line."""
        counted = re.match(r"(\d+) packages?", rest)
        if first == "Installing":
            self._total = self._installed() + rest.count(",") + 1
            self._text = "Installing"
        elif first == "Resolved" and counted:
            self._total = max(int(counted[1]), self._installed())

    def _tick(self) -> None:
        """Draw the line anew each second: an installer is silent for minutes, and must not look dead."""
        while not self._over.wait(1):
            self._put()

    def _put(self) -> None:
        if not self.terminal:
            print(f"      {self._fitted(self._text)}", flush=True)
            return
        with self._drawing:
            if not self._over.is_set():
                print(f"\r      {self._line():<{self.width}}", end="", flush=True)

    def _line(self) -> str:
        """The time, a bar where the end is known, and what the installer does."""
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        done = min(self._installed(), self._total)
        filled = 16 * done // self._total if self._total else 0
        bar = f"[{'#' * filled:.<16}] {done} of {self._total}  " if self._total else ""
        return self._fitted(f"{minutes}:{seconds:02}  {bar}{self._text}")

    def _fitted(self, text: str) -> str:
        return text if len(text) <= self.width else text[: self.width - 3] + "..."


def say(text: str) -> None:
    """One line for the person who waits."""
    print(text, flush=True)


def launch(checkout: Checkout, arguments: list[str]) -> int:
    """Run `hl7dicom-lab` in the environment; its exit code.

    Where the system can, the lab takes this process's place: Ctrl-C, `kill` and a container's stop reach the lab
    itself, and nothing is left running. Windows cannot, so there this process waits.
    """
    command = [str(checkout.python), "-P", "-m", "hl7dicom_lab", *arguments]
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    return wait_for(command)


def wait_for(command: list[str]) -> int:
    """Run a program to its end, through every Ctrl-C: it gets them too, and stops in its own order."""
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def main(arguments: list[str], checkout: Checkout) -> int:
    """Prepare what the command needs, then run it; the exit code."""
    command, *rest = arguments or ["start"]
    if command in ("-h", "--help", "help") or (command == "setup" and rest not in ([], ["dev"])):
        print(USAGE, end="")
        return 2 if command == "setup" else 0
    groups = ["test", *rest] if command == "setup" and rest else [command] if command in ("test", "bench") else []
    try:
        prepare(checkout, groups)
    except SetupFailed as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped before it was finished. Run the same command again to start over.", file=sys.stderr)
        return 130
    return 0 if command == "setup" else launch(checkout, [command, *rest])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Checkout(Path(__file__).resolve().parent)))
