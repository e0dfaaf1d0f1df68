"""What deploy/ holds besides the hub: values of the chart, script and snippet for TLJH, and what is said of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.workspace import work_folder

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
DOCUMENTS = sorted(DEPLOY.glob("*/README.md"))
FIRST_PAGE = f"/lab/tree/{LESSONS[0].file_name}"

#: The keys of the chart that values.yaml uses, by the chart's own schema and reference (values.schema.yaml of
#: zero-to-jupyterhub-k8s, version 4; "resources/reference" of its documentation), with the type of each value. What
#: stands below `hub.config` is JupyterHub's own, under the names of its classes, and is passed on.
CHART_KEYS: dict[str, type | tuple[type, ...]] = {
    "hub.activeServerLimit": int,
    "hub.concurrentSpawnLimit": int,
    "hub.config.JupyterHub.authenticator_class": str,
    "hub.config.Authenticator.allow_all": bool,
    "hub.config.Authenticator.admin_users": list,
    "proxy.https.enabled": bool,
    "proxy.https.type": str,
    "proxy.https.hosts": list,
    "proxy.https.letsencrypt.contactEmail": str,
    "singleuser.image.name": str,
    "singleuser.image.tag": str,
    "singleuser.cmd": list,
    "singleuser.defaultUrl": str,
    "singleuser.startTimeout": int,
    "singleuser.memory.guarantee": str,
    "singleuser.memory.limit": str,
    "singleuser.cpu.guarantee": (int, float),
    "singleuser.cpu.limit": (int, float),
    "singleuser.storage.capacity": str,
    "singleuser.storage.homeMountPath": str,
    "singleuser.extraEnv.HL7DICOM_LAB_WORK": str,
    "singleuser.extraEnv.HL7DICOM_LAB_PROGRESS": str,
    "singleuser.networkPolicy.enabled": bool,
    "singleuser.cloudMetadata.blockWithIptables": bool,
    "scheduling.podPriority.enabled": bool,
    "scheduling.userPlaceholder.enabled": bool,
    "scheduling.userPlaceholder.replicas": int,
    "scheduling.userScheduler.enabled": bool,
    "prePuller.hook.enabled": bool,
    "prePuller.continuous.enabled": bool,
    "cull.enabled": bool,
    "cull.timeout": int,
    "cull.every": int,
}


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "zero-to-jupyterhub" / "values.yaml").read_text(encoding="utf-8"))
    return loaded


def _leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def test_the_chart_knows_every_key(values):
    found = dict(_leaves(values))
    assert set(found) == set(CHART_KEYS)
    for key, value in found.items():
        assert isinstance(value, CHART_KEYS[key]), key
        assert type(value) is not bool or CHART_KEYS[key] is bool, key


def test_a_pods_limits_are_above_what_it_is_guaranteed(values):
    seat = values["singleuser"]
    assert _bytes(seat["memory"]["guarantee"]) >= 230_000_000, "a server of 110 MB and a kernel of 120"
    assert _bytes(seat["memory"]["limit"]) > _bytes(seat["memory"]["guarantee"])
    assert seat["cpu"]["limit"] > seat["cpu"]["guarantee"]


def _bytes(text: str) -> int:
    return int(text[:-1]) * {"M": 2**20, "G": 2**30}[text[-1]]


def test_a_learner_in_a_pod_gets_the_same_as_on_the_hub(values):
    seat = values["singleuser"]
    python, script = seat["cmd"]
    assert python == "python"
    assert (ROOT / Path(script).relative_to("/srv/hl7dicom_lab")).is_file()
    said = (DEPLOY / "zero-to-jupyterhub" / "README.md").read_text(encoding="utf-8")
    assert "--target-repo-dir /srv/hl7dicom_lab" in said
    assert seat["defaultUrl"] == FIRST_PAGE
    home = seat["storage"]["homeMountPath"]
    assert all(path.startswith(f"{home}/") for path in seat["extraEnv"].values())
    assert "HL7DICOM_LAB_WORK" in seat["extraEnv"]


def test_values_hold_no_password(values):
    assert not [key for key, _ in _leaves(values) if re.search("password|secret|token", key, re.IGNORECASE)]


@pytest.fixture(scope="module")
def bash() -> str:
    found = shutil.which("bash")
    if found is None:
        pytest.skip("the script is for Linux, and there is no bash here")
    return found


def test_the_script_for_tljh_is_bash_and_says_what_it_would_do(bash, tmp_path):
    script = DEPLOY / "tljh" / "install.sh"
    there = Path("/opt/hl7dicom_lab").exists()
    assert subprocess.run([bash, "-n", script], check=False).returncode == 0
    done = subprocess.run(
        [bash, script, "--dry-run", "--memory", "3G"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    commands = [line.removeprefix("+ ") for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert "tljh-config set limits.memory 3G" in commands
    assert "tljh-config set limits.cpu 2" in commands
    assert commands[-1] == "tljh-config reload hub"
    assert any(line.endswith(f"-c {ROOT}/constraints.txt {ROOT}") for line in commands)
    for source in re.findall(rf"{re.escape(str(ROOT))}/\S+", done.stdout):
        assert Path(source).exists(), source
    assert "Nothing was done" in done.stdout
    assert Path("/opt/hl7dicom_lab").exists() == there


@pytest.mark.parametrize("wrong", [["--help"], ["--memory"], ["here"]])
def test_the_script_for_tljh_does_nothing_that_it_was_not_told(bash, wrong):
    done = subprocess.run([bash, DEPLOY / "tljh" / "install.sh", *wrong], capture_output=True, check=False)
    assert done.returncode != 0
    assert b"+ " not in done.stdout


def test_the_snippet_for_tljh_starts_what_the_script_puts_there():
    config = SimpleNamespace(Spawner=SimpleNamespace())
    code = (DEPLOY / "tljh" / "hl7dicom_lab.py").read_text(encoding="utf-8")
    exec(compile(code, "hl7dicom_lab.py", "exec"), {"get_config": lambda: config})
    script = (DEPLOY / "tljh" / "install.sh").read_text(encoding="utf-8")
    python, server = config.Spawner.cmd
    assert f"tljh={python.removesuffix('/user/bin/python')}\n" in script
    assert f"course={Path(server).parent.as_posix()}\n" in script
    assert f'"$course/{Path(server).name}"' in script
    assert config.Spawner.default_url == FIRST_PAGE
    assert all(one.startswith("--MappingKernelManager.") for one in config.Spawner.args)


def test_the_learners_server_finds_its_folder_and_the_first_page():
    source = (DEPLOY / "jupyterhub" / "learner_server.py").read_text(encoding="utf-8")
    assert f'FIRST_PAGE = "{FIRST_PAGE}"' in source
    assert work_folder(None).name, "it asks hl7dicom_lab.workspace, as every command does"


def test_the_hubs_readme_lists_every_variable_with_its_default():
    source = (DEPLOY / "jupyterhub" / "jupyterhub_config.py").read_text(encoding="utf-8")
    said = (DEPLOY / "jupyterhub" / "README.md").read_text(encoding="utf-8")
    named = dict(re.findall(r'_(?:setting|number)\("([A-Z_]+)", ("[^"]*"|\d+)?', source))
    assert len(named) >= 10
    rows = "\n".join(line for line in said.splitlines() if line.startswith("| `HL7DICOM_HUB_"))
    assert set(re.findall(r"HL7DICOM_HUB_([A-Z_]+)", rows)) == set(named)
    for name, default in named.items():  # one that is made from another has none
        assert not default or f"`{default.strip(chr(34))}`" in rows, name


def test_the_hubs_programs_are_pinned_once():
    (hub,) = re.findall(r"^jupyterhub==[\d.]+$", (DEPLOY / "jupyterhub" / "requirements.txt").read_text("utf-8"), re.M)
    assert hub
    package = json.loads((DEPLOY / "jupyterhub" / "package.json").read_text(encoding="utf-8"))
    (version,) = package["dependencies"].values()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert not (DEPLOY / "jupyterhub" / "package-lock.json").exists()


def test_all_ways_name_the_pythons_that_the_lab_supports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = [re.search(r"3\.\d+$", one) for one in project["classifiers"] if "Python :: 3." in one]
    first, last = min(one[0] for one in versions if one), max(one[0] for one in versions if one)
    script = (DEPLOY / "tljh" / "install.sh").read_text(encoding="utf-8")
    assert f"({first.replace('.', ', ')}) <= sys.version_info[:2] <= ({last.replace('.', ', ')})" in script
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (python,) = (one for one in environment["dependencies"] if str(one).startswith("python="))
    assert python.removeprefix("python=") in [one[0] for one in versions if one]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.parent.name)
def test_links_of_the_deploy_documents_lead_somewhere(document):
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert targets
    assert not [target for target in targets if not (document.parent / target).exists()]


def test_the_link_for_binder_opens_a_notebook_that_is_there():
    said = (DEPLOY / "binder" / "README.md").read_text(encoding="utf-8")
    (page,) = set(re.findall(r"urlpath=lab/tree/([\w/.]+)", said))
    assert (ROOT / page).is_file()


def test_no_way_is_left_out_of_the_overview():
    said = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    for document in DOCUMENTS:
        assert f"../deploy/{document.parent.name}/README.md" in said
