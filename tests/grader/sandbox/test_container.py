"""The command line for containers, and what is said where there are none."""

import itertools
import shutil
from pathlib import Path

import pytest
from guards import limits

from d2l.grader.sandbox import container
from d2l.grader.sandbox.container import container_options, engine
from d2l.grader.sandbox.isolation import IsolationError, Level, SandboxConfig
from d2l.grader.sandbox.selftest import choose_isolation
from d2l.grader.sandbox.workspace import Workspace


def test_a_container_has_no_network_no_privileges_and_limits(tmp_path):
    sandbox = SandboxConfig(
        Level.CONTAINER, limits(memory=2**30, disk=2**20), tmp_path, container_image="course"
    )
    workspace = Workspace(None, 1_900_000_001, "d2l-sandbox-1")
    options = container_options("docker", sandbox, workspace, Path("/tmp/d2l-sandbox-1/sandbox"))
    assert options[:4] == ["docker", "run", "--rm", "--interactive"]
    assert options[-1] == "course"
    pairs = list(itertools.pairwise(options))
    for pair in (
        ("--network", "none"),
        ("--memory", "1073741824"),
        ("--memory-swap", "1073741824"),
        ("--user", "1900000001:1900000001"),
        ("--cap-drop", "ALL"),
        ("--shm-size", "1048576"),
        ("--security-opt", "no-new-privileges"),
        ("--name", "d2l-sandbox-1"),
        ("--volume", "/tmp/d2l-sandbox-1/sandbox:/given:ro"),
        ("--volume", f"{tmp_path.resolve()}:/data:ro"),
        ("--env", "D2L_DATA=/data"),
        ("--tmpfs", "/sandbox:rw,exec,nosuid,nodev,size=1048576,mode=1777"),
    ):
        assert pair in pairs, pair
    assert "--read-only" in options
    assert "--pids-limit" in options
    assert all(value.endswith(":ro") for option, value in pairs if option == "--volume")


def test_an_image_must_be_named(tmp_path):
    with pytest.raises(IsolationError, match="--image NAME"):
        container_options(
            "docker",
            SandboxConfig(Level.CONTAINER, limits()),
            Workspace(None, None, "d2l-sandbox-1"),
            tmp_path,
        )


def program_that(folder, name, script):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_daemon_that_does_not_answer_is_quoted_and_podman_is_tried(tmp_path, monkeypatch):
    for tool in ("chmod", "rm", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IsolationError, match="docker: not installed; podman: not installed"):
        engine()
    program_that(tmp_path, "docker", "echo 'Cannot connect to the daemon' >&2; exit 1")
    with pytest.raises(IsolationError, match=r"docker: Cannot connect to the daemon; podman: not"):
        engine()
    with pytest.raises(IsolationError, match=r"container is not .*: no container can be started"):
        choose_isolation(Level.CONTAINER, container_image="course")
    program_that(tmp_path, "podman", "exit 0")
    assert engine() == engine("podman") == str(tmp_path / "podman")
    with pytest.raises(IsolationError, match=r"\(docker: Cannot connect to the daemon\)"):
        engine("docker")
    program_that(tmp_path, "docker", "while :; do :; done")
    monkeypatch.setattr(container, "_ANSWER_SECONDS", 0.2)
    assert engine() == str(tmp_path / "podman")
