"""JupyterHub for a workshop on one Linux host: a server, a folder and a department of their own for each learner.

Everything that a class may want otherwise stands in environment variables; the table of them is in README.md. Rules:
the hub listens on 127.0.0.1 unless told otherwise, and TLS stands in front of it; it does not start as root unless told
so; a learner's folder is for its owner alone (0700), and so are the hub's own files. With one Unix account for
everybody, which is how this starts, learners are kept apart by the hub and by good will, not by the system.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from class_authenticator import ClassAuthenticator  # noqa: E402 - it stands beside this file
from learner_server import FIRST_PAGE  # noqa: E402

from hl7dicom_lab.errors import SetupError  # noqa: E402
from hl7dicom_lab.jupyter import is_root  # noqa: E402
from hl7dicom_lab.storage.private import private_folder  # noqa: E402


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"HL7DICOM_HUB_{name}") or default


def _number(name: str, default: int) -> int:
    text = _setting(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise SetupError(f"{text!r} is no number above 0", where=f"HL7DICOM_HUB_{name}", next_step=f"such as {default}")
    return int(text)


ROOT = Path(_setting("ROOT", "~/hl7dicom_hub")).expanduser().absolute()
LEARNERS = Path(_setting("LEARNERS", str(ROOT / "learners.csv"))).expanduser().absolute()
HOST = _setting("HOST", "127.0.0.1")
PORT = _number("PORT", 8000)
SEATS = _number("SEATS", 40)
IDLE_MINUTES = _number("IDLE_MINUTES", 90)
MEMORY_MB = _number("MEMORY_MB", 1024)
CPUS = _number("CPUS", 2)
SPAWNER = _setting("SPAWNER", "simple")
CLASSROOM = _setting("CLASSROOM", "no") == "yes"
PROXY = _setting("PROXY", "configurable-http-proxy")

if is_root() and SPAWNER == "simple" and _setting("AS_ROOT", "no") != "yes":
    raise SetupError(
        "the hub does not start as root, because every learner's cells would run as root",
        where="deploy/jupyterhub",
        next_step="make an account for the class and start the hub as that one; in a container that holds nothing else,"
        " set HL7DICOM_HUB_AS_ROOT=yes",
    )

own_files = ROOT / "hub"
private_folder(own_files)

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - JupyterHub gives it to this file

# The hub: its public address, and further ports of 127.0.0.1 on which hub, proxy and classroom speak to each other.
c.JupyterHub.bind_url = f"http://{HOST}:{PORT}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
c.ConfigurableHTTPProxy.command = [PROXY]
c.ConfigurableHTTPProxy.pid_file = str(own_files / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{own_files / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(own_files / "cookie_secret")
c.JupyterHub.active_server_limit = SEATS

# Who enters. The list decides; whoever it lets in is allowed.
c.JupyterHub.authenticator_class = ClassAuthenticator
c.ClassAuthenticator.list_file = str(LEARNERS)
# With real accounts, a password that opens every name without a line of its own would open root's.
c.ClassAuthenticator.class_password = SPAWNER == "simple"
c.Authenticator.username_pattern = r"^[a-z][a-z0-9._-]{0,31}$"
c.Authenticator.allow_all = True

# A learner's server. Forty that start at once on a few processors take minutes: they get the time.
c.JupyterHub.spawner_class = SPAWNER
c.Spawner.cmd = [sys.executable, str(HERE / "learner_server.py")]
c.Spawner.default_url = FIRST_PAGE
# Departments and their images lie in TMPDIR while they run. What the instructor sets for the whole class: the logo at
# the head of lab.progress(), the hospital that all lessons work with, the seed of each learner.
c.Spawner.env_keep.extend(
    ["TMPDIR", "HL7DICOM_LAB_INSTITUTION", "HL7DICOM_LAB_HOSPITAL", "HL7DICOM_LAB_SEED"],
)
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
# A seat takes 220 MB: a server of 110, a kernel of up to 107. `simple` tells the limits and cannot hold anybody to
# them; SystemdSpawner does both.
c.Spawner.mem_limit = f"{MEMORY_MB}M"
c.Spawner.mem_guarantee = "240M"
c.Spawner.cpu_limit = float(CPUS)
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE_MINUTES * 60}",
    "--MappingKernelManager.cull_interval=60",
    "--MappingKernelManager.cull_connected=True",  # pages stay open for days; their kernels do not
    f"--ServerApp.shutdown_no_activity_timeout={IDLE_MINUTES * 120}",
]

if SPAWNER == "simple":
    # One account: each learner's home is a folder below ROOT. With accounts of their own it is their account's home.
    c.SimpleLocalProcessSpawner.home_dir_template = str(ROOT / "learners" / "{username}")

    def _own_folder(spawner: object) -> None:
        """Make the learner's home before the server starts there, and name it to the lab."""
        home = ROOT / "learners" / spawner.user.name  # type: ignore[attr-defined]
        private_folder(home)
        spawner.environment = {  # type: ignore[attr-defined]
            "HL7DICOM_LAB_WORK": str(home / "course"),
            "HL7DICOM_LAB_PROGRESS": str(home / "progress.jsonl"),
        }

    c.Spawner.pre_spawn_hook = _own_folder

if CLASSROOM and SPAWNER == "simple":
    # The instructors' page on how the class is doing, at /services/classroom/: it reads the learners' progress files.
    c.JupyterHub.services = [
        {
            "name": "classroom",
            "url": f"http://127.0.0.1:{PORT + 3}",
            "command": [
                *(sys.executable, "-m", "hl7dicom_lab", "classroom"),
                *("--home", str(own_files / "classroom"), "--folder", str(ROOT / "learners")),
            ],
            "oauth_no_confirm": True,
        }
    ]
    c.JupyterHub.load_roles = [{"name": "user", "scopes": ["self", "access:services!service=classroom"]}]
    private_folder(ROOT / "learners")
