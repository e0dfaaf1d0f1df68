"""`hl7dicom-lab serve`: the department as a server, for clients of all kinds.

It starts everything, prints where each system listens, and runs until Ctrl-C. Rules: what was acknowledged is there at
the next start with the same `--home`, also when the process was killed; nobody is let in from elsewhere, or from
another user of this machine, unless an option says so.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hl7dicom_lab import story
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.hospital import Hospital
from hl7dicom_lab.institution import read_institution
from hl7dicom_lab.lab import Lab, Ports
from hl7dicom_lab.os_errors import told
from hl7dicom_lab.services.security import Security, is_this_machine
from hl7dicom_lab.services.tls import TlsFiles
from hl7dicom_lab.visible import visible


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says. Port 0 takes a free one. Certificate and key belong together."""

    home: Path | None = None
    host: str = "127.0.0.1"
    addresses: Path | None = None
    ris_hl7_port: int = 0
    worklist_port: int = 0
    pacs_hl7_port: int = 0
    storage_port: int = 0
    emr_hl7_port: int = 0
    seed: int = 1
    facility: str = story.FACILITY
    other_users: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    for_class: bool = False
    institution: Path | None = None


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
    security = _security(options)
    with _served(options, ports, security, out) as lab:
        for line in _who_may_come_in(options, security):
            out.print(line)
        addresses = lab.addresses()
        out.print(_table(addresses))
        if options.for_class:
            out.print("Each seat has a name, such as SEAT07: MSH-4 of its messages and the begin of its AE titles.")
        out.print(f"Data: {options.home or 'a temporary folder, removed at the end'}. Stop with Ctrl-C.")
        try:
            _hear_ctrl_c()
            if options.addresses is not None:
                _write_addresses(addresses, options.addresses)
            _wait()
        except KeyboardInterrupt:
            out.print("Stopping.")


def _served(options: ServeOptions, ports: Ports, security: Security, out: Console) -> Lab | Hospital:
    """One department, or the hospital of a class, of which each message is told."""
    if not options.for_class:
        seed = options.seed
        facility = read_institution(options.institution) if options.institution else options.facility
        return Lab(options.home, seed=seed, host=options.host, ports=ports, security=security, facility=facility)

    if options.institution is not None:
        raise SetupError(
            "the hospital of a class plays the story's place",
            where="--class, --institution",
            next_step="leave one of the two options out",
        )

    def tell(line: str) -> None:
        out.print(escape(visible(line)), highlight=False, soft_wrap=True)

    return Hospital(
        options.home, host=options.host, ports=ports, security=security, facility=options.facility, tell=tell
    )


def _security(options: ServeOptions) -> Security:
    """Who listens to a network listens to all users of this machine as well."""
    tls = None
    if options.tls_cert and options.tls_key:
        tls = TlsFiles(options.tls_cert, options.tls_key, options.tls_ca)
    elif options.tls_cert or options.tls_key or options.tls_ca:
        raise SetupError(
            "a certificate and its key belong together, and an authority is of use only with them",
            where="--tls-cert, --tls-key, --tls-ca",
            next_step="give --tls-cert and --tls-key, and --tls-ca if clients must show a certificate too",
        )
    return Security(tls, other_users=options.other_users or not is_this_machine(options.host))


def _who_may_come_in(options: ServeOptions, security: Security) -> Iterator[str]:
    if not is_this_machine(options.host):
        asks = "It asks nobody who they are."
        if options.tls_ca:
            asks = f"It lets in whoever has a certificate of {options.tls_ca.name}, and asks for nothing else."
        yield (
            f"[bold]Warning:[/bold] the department listens on {options.host}, so other machines can reach it. "
            f"{asks} Use it only in a network that you trust, and never with real patients."
        )
    elif not security.other_users and sys.platform == "linux":
        yield "Other users of this machine are turned away (--other-users lets them in)."
    if security.tls is not None:
        yield "All connections are over TLS 1.2 or 1.3" + (
            "; clients must show a certificate." if options.tls_ca else "; clients need no certificate."
        )


def _table(addresses: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Table:
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
    for (system, side), what in takes.items():
        if system not in addresses:
            continue  # every seat of a class has an EMR of its own
        address = addresses[system][side]
        name = address.get("ae_title") or f"{address['application']} at {address['facility']}"
        how = f"{what}, over TLS" if address.get("tls") else what
        table.add_row(system.upper(), how, address["host"], str(address["port"]), name)
    return table


def _write_addresses(addresses: Mapping[str, Any], path: Path) -> None:
    """Write the file whole or not at all, so that whoever waits for it never reads half of it."""
    part = path.with_name(path.name + ".part")
    next_step = "name a file in a folder that exists and that you may write to"
    with told("the addresses cannot be written there", path, next_step):
        part.write_text(json.dumps(addresses, indent=2) + "\n", encoding="utf-8", newline="\n")
        part.replace(path)


def _hear_ctrl_c() -> None:
    """A shell that starts a program in the background makes it ignore Ctrl-C; this one has no other way to stop."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _wait() -> None:
    """For ever: Ctrl-C raises KeyboardInterrupt. The short waits let it through on every system."""
    forever = threading.Event()
    while not forever.wait(0.5):
        pass
