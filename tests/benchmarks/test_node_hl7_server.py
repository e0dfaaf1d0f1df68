"""The peer that comes from npm: what is missing is said, and nothing is left to run."""

import sys

import pytest

from benchmarks.peers.node_hl7_server import node_hl7_server
from benchmarks.processes import AbsentError


def test_without_node_it_is_absent(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AbsentError, match="node-hl7-server is absent: install nodejs and npm"):
        node_hl7_server(tmp_path).__enter__()


@pytest.mark.skipif(sys.platform == "win32", reason="makes programs by their permissions")
def test_where_npm_cannot_get_it_it_is_absent(tmp_path, monkeypatch):
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8", newline="\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AbsentError, match="npm cannot get it"):
        node_hl7_server(tmp_path).__enter__()
