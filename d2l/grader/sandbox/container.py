"""The level CONTAINER: an image of the user's own, run by docker or podman."""

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
    """Return how to start the command by the image's own `python3`, if it is for this Python."""
    program = engine(sandbox.container_engine)
    # Its root is read-only: there is no /content.
    script = f'cp -RP {INPUT_MOUNT}/. {GUEST_ROOT}/ && cd {GUEST_ROOT}/work && exec "$@"'
    options = container_options(program, sandbox, workspace, folder)
    return LaunchSpec(
        command=(*options, "/bin/sh", "-c", script, "sh", "python3", *command[1:]),
        environment=dict(os.environ),  # the client's; the run gets its own by --env
        folder="/",
        is_local=False,
        afterwards=(program, "rm", "--force", workspace.name),
    )


def container_options(
    engine: str, sandbox: SandboxConfig, workspace: Workspace, folder: Path
) -> list[str]:
    """Return the command line up to the image's name; `folder` holds the inputs."""
    if sandbox.container_image is None:
        raise IsolationError(
            "container isolation needs an image with Python and the notebook tools: "
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
        if name != "PATH":  # the image knows where its Python is
            options += ["--env", f"{name}={value}"]
    return [*options, sandbox.container_image]


def engine(asked: str | None = None) -> str:
    """Return the program that runs containers, once it has answered; raises `IsolationError`.

    `asked` is "docker" or "podman"; without it the first of them that answers is taken.
    """
    tried = []
    for name in ENGINES if asked is None else (asked,):
        path = shutil.which(name)
        if path is None:
            tried.append(f"{name}: not installed")
            continue
        try:
            subprocess.run(
                [path, "info"], capture_output=True, check=True, timeout=_ANSWER_SECONDS, text=True
            )
        except subprocess.CalledProcessError as error:
            tried.append(f"{name}: {(error.stderr.strip().splitlines() or ['it failed'])[-1]}")
        except subprocess.TimeoutExpired:
            tried.append(f"{name}: no answer in {_ANSWER_SECONDS} s")
        else:
            return path
    raise IsolationError(
        f"no container can be started ({'; '.join(tried)}): start the daemon of docker or install "
        "podman, or use --isolation bubblewrap"
    )
