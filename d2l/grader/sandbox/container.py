"""The level CONTAINER: a user-supplied image, run by docker or podman."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from d2l.grader.sandbox.isolation import (
    DATA,
    GUEST_ROOT,
    INPUT_MOUNT,
    PACKAGE,
    IsolationError,
    LaunchSpec,
    SandboxConfig,
    guest_environment,
)
from d2l.grader.sandbox.resource_monitor import max_threads
from d2l.grader.sandbox.workspace import Workspace

ENGINES = ("docker", "podman")
_ANSWER_SECONDS = 10


def launch(
    command: Sequence[str], sandbox: SandboxConfig, workspace: Workspace, folder: Path
) -> LaunchSpec:
    """Return how to start the command; a Python command is run by the image's `python3`."""
    program = engine(sandbox.container_engine)
    # The root file system is read-only, so there is no /content.
    script = f'cp -RP {INPUT_MOUNT}/. {GUEST_ROOT}/ && cd {GUEST_ROOT}/work && exec "$@"'
    options = container_options(program, sandbox, workspace, folder)
    return LaunchSpec(
        command=(*options, "/bin/sh", "-c", script, "sh", "python3", *command[1:]),
        environment=dict(os.environ),  # of the client; that of the run is set with --env
        folder="/",
        is_local=False,
        afterwards=(program, "rm", "--force", workspace.name),
    )


def container_options(
    engine: str, sandbox: SandboxConfig, workspace: Workspace, folder: Path
) -> list[str]:
    """Return the command line up to the image's name; `folder` contains the inputs."""
    if sandbox.container_image is None:
        raise IsolationError(
            "container isolation requires an image with Python and the notebook tools: "
            "--isolation docker --image NAME"
        )
    user, group = workspace.user_and_group
    limits = sandbox.limits
    sized = f"rw,exec,nosuid,nodev,size={limits.disk},mode=1777"
    options = [engine, "run", "--rm", "--interactive", "--name", workspace.name]
    options += ["--network", "bridge" if sandbox.network else "none", "--hostname", "sandbox"]
    options += ["--read-only", "--tmpfs", f"{GUEST_ROOT}:{sized}", "--tmpfs", f"/tmp:{sized}"]
    options += ["--memory", str(limits.memory), "--memory-swap", str(limits.memory)]
    options += ["--shm-size", str(limits.disk), "--cpu-shares", "512"]
    options += ["--pids-limit", str(max_threads(limits.processes, user))]
    options += ["--user", f"{user}:{group}", "--cap-drop", "ALL"]
    options += ["--security-opt", "no-new-privileges", "--workdir", "/"]
    options += ["--volume", f"{folder}:{INPUT_MOUNT}:ro", "--volume", f"{PACKAGE}:{PACKAGE}:ro"]
    if limits.threads is not None:
        options += ["--cpus", str(limits.threads)]
    if sandbox.data is not None:
        options += ["--volume", f"{sandbox.data.resolve()}:{DATA}:ro"]
    data = None if sandbox.data is None else DATA
    for name, value in guest_environment(sandbox, GUEST_ROOT, data).items():
        if name != "PATH":  # the image sets its own
            options += ["--env", f"{name}={value}"]
    return [*options, sandbox.container_image]


def engine(requested: str | None = None) -> str:
    """Return the path of a container engine that responds; raises `IsolationError`.

    `requested` is "docker" or "podman"; by default the first of them that responds is used.
    """
    tried = []
    for name in ENGINES if requested is None else (requested,):
        path = shutil.which(name)
        if path is None:
            tried.append(f"{name}: not installed")
            continue
        try:
            subprocess.run(
                [path, "info"], capture_output=True, check=True, timeout=_ANSWER_SECONDS, text=True
            )
        except subprocess.CalledProcessError as error:
            tried.append(f"{name}: {(error.stderr.strip().splitlines() or ['failed'])[-1]}")
        except subprocess.TimeoutExpired:
            tried.append(f"{name}: no response within {_ANSWER_SECONDS} s")
        else:
            return path
    raise IsolationError(
        f"no container can be started ({'; '.join(tried)}). Start the docker daemon, install "
        "podman, or use --isolation bubblewrap."
    )
