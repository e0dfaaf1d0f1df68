"""`hl7dicom-lab serve`: the department as a server, for clients of all kinds.

It starts everything, prints where each system listens, and runs until Ctrl-C. Rule: what was acknowledged is there at
the next start with the same `--home`, also when the process was killed.
"""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.lab import Lab, Ports


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says. Port 0 takes a free one."""

    home: Path | None = None
    host: str = "127.0.0.1"
    addresses: Path | None = None
    ris_hl7_port: int = 0
    worklist_port: int = 0
    pacs_hl7_port: int = 0
    storage_port: int = 0
    emr_hl7_port: int = 0
    seed: int = 1


def run(options: ServeOptions, console: Console | None = None) -> None:
    """Run the department until Ctrl-C. Raises `SetupError` where it cannot start."""
    out = console or Console()
    ports = Ports(
        ris_hl7=options.ris_hl7_port,
        worklist=options.worklist_port,
        pacs_hl7=options.pacs_hl7_port,
        storage=options.storage_port,
        emr_hl7=options.emr_hl7_port,
    )
    with Lab(options.home, seed=options.seed, host=options.host, ports=ports) as lab:
        if options.host not in ("127.0.0.1", "localhost", "::1"):
            out.print(
                f"[bold]Warning:[/bold] the department listens on {options.host}, so other machines can reach it. "
                "It asks nobody who they are. Use it only in a network that you trust, and never with real patients."
            )
        out.print(_table(lab))
        out.print(f"Data: {options.home or 'a temporary folder, removed at the end'}. Stop with Ctrl-C.")
        try:
            _hear_ctrl_c()
            if options.addresses is not None:
                _write_addresses(lab, options.addresses)
            _wait()
        except KeyboardInterrupt:
            out.print("Stopping.")


def _table(lab: Lab) -> Table:
    table = Table(title="Northgate Imaging Center")
    for heading in ("System", "What it takes", "Host", "Port", "Its name"):
        table.add_column(heading)
    takes = {
        ("ris", "hl7"): "HL7 orders and ADT (MLLP)",
        ("ris", "worklist"): "DICOM worklist queries",
        ("pacs", "hl7"): "HL7 reports (MLLP)",
        ("pacs", "storage"): "DICOM images",
        ("emr", "hl7"): "HL7 reports (MLLP)",
    }
    addresses = lab.addresses()
    for (system, side), what in takes.items():
        address = addresses[system][side]
        name = address.get("ae_title") or f"{address['application']} at {address['facility']}"
        table.add_row(system.upper(), what, address["host"], str(address["port"]), name)
    return table


def _write_addresses(lab: Lab, path: Path) -> None:
    """Write the file whole or not at all, so that whoever waits for it never reads half of it."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(lab.addresses(), indent=2) + "\n", encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        raise SetupError(
            f"the addresses cannot be written there ({error.strerror or error})",
            where=str(path),
            next_step="name a file in a folder that exists and that you may write to",
        ) from error


def _hear_ctrl_c() -> None:
    """A shell that starts a program in the background makes it ignore Ctrl-C; this one has no other way to stop."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _wait() -> None:
    """For ever: Ctrl-C raises KeyboardInterrupt. The short waits let it through on every system."""
    forever = threading.Event()
    while not forever.wait(0.5):
        pass
