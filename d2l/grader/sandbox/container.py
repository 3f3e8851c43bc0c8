"""The level CONTAINER: an image of the user's own, run by docker or podman."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from d2l.grader.sandbox.isolation import (
    DATA,
    GIVEN,
    INSIDE,
    PACKAGE,
    SandboxConfig,
    environment,
    with_copied_inputs,
)
from d2l.grader.sandbox.level import IsolationError
from d2l.grader.sandbox.rlimits import threads_at_most

ENGINES = ("docker", "podman")
_ANSWER_SECONDS = 10


def launch(command: Sequence[str], sandbox: SandboxConfig, place: Workspace) -> LaunchSpec:
    """Start the command by the image's own `python3`, if this Python was asked for."""
    program = engine(sandbox.container_engine)
    return LaunchSpec(
        command=(
            *container_options(program, sandbox, place),
            *with_copied_inputs(["python3", *command[1:]]),
        ),
        environment=dict(os.environ),  # the client's; the run gets its own by --env
        folder="/",
        afterwards=(program, "rm", "--force", _name(place)),
    )


def container_options(engine: str, sandbox: SandboxConfig, place: Workspace) -> list[str]:
    """Return the command line up to the image's name."""
    if sandbox.container_image is None:
        raise IsolationError(
            "the level container needs an image with Python and the notebook tools: "
            "--isolation docker --image NAME"
        )
    user, group = place.user_and_group
    limits = sandbox.limits
    sized = f"rw,exec,nosuid,nodev,size={limits.disk},mode=1777"
    options = [engine, "run", "--rm", "--interactive", "--name", _name(place)]
    options += ["--network", "bridge" if sandbox.network else "none", "--hostname", "sandbox"]
    options += ["--read-only", "--tmpfs", f"{INSIDE}:{sized}", "--tmpfs", f"/tmp:{sized}"]
    options += ["--memory", str(limits.memory), "--memory-swap", str(limits.memory)]
    options += ["--pids-limit", str(threads_at_most(limits.processes, user, user))]
    options += ["--user", f"{user}:{group}", "--cap-drop", "ALL"]
    options += ["--security-opt", "no-new-privileges", "--workdir", "/"]
    options += ["--volume", f"{place.sandbox}:{GIVEN}:ro", "--volume", f"{PACKAGE}:{PACKAGE}:ro"]
    if sandbox.data is not None:
        options += ["--volume", f"{sandbox.data.resolve()}:{DATA}:ro"]
    for name, value in environment(INSIDE, None if sandbox.data is None else DATA).items():
        if name != "PATH":  # the image knows where its Python is
            options += ["--env", f"{name}={value}"]
    return [*options, sandbox.container_image]


def engine(asked: str | None = None) -> str:
    """Return the program that runs containers, once it has answered; raises `IsolationError`.

    `asked` is "docker" or "podman"; without it the first of them that answers is taken.
    """
    said = []
    for name in ENGINES if asked is None else (asked,):
        path = shutil.which(name)
        if path is None:
            said.append(f"{name}: not installed")
            continue
        try:
            subprocess.run(
                [path, "info"], capture_output=True, check=True, timeout=_ANSWER_SECONDS, text=True
            )
        except subprocess.CalledProcessError as error:
            said.append(f"{name}: {(error.stderr.strip().splitlines() or ['it failed'])[-1]}")
        except subprocess.TimeoutExpired:
            said.append(f"{name}: no answer in {_ANSWER_SECONDS} s")
        else:
            return path
    raise IsolationError(
        f"no container can be started ({'; '.join(said)}): start the daemon of docker or install "
        "podman, or --isolation bubblewrap"
    )


def _name(place: Workspace) -> str:
    return place.root.name
