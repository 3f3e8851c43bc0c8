"""The level NONE: limits only. The run has the same access to the machine as its user."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from d2l.grader.sandbox.isolation import (
    MARK,
    LaunchSpec,
    SandboxConfig,
    guest_environment,
    with_limits,
)
from d2l.grader.sandbox.resource_monitor import max_threads
from d2l.grader.sandbox.workspace import Workspace, python_folders, require_readable


def launch(
    command: Sequence[str], sandbox: SandboxConfig, workspace: Workspace, folder: Path
) -> LaunchSpec:
    """Return how to start the command directly, in the run's own `folder`."""
    data = None if sandbox.data is None else sandbox.data.resolve()
    needed = python_folders() if command[0] == sys.executable else []
    needed += [folder.parents[1], *([data] if data else [])]
    require_readable(needed, workspace.user, with_parents=True)
    bound = max_threads(sandbox.limits.processes, workspace.user)
    can_limit = shutil.which("prlimit") and shutil.which(command[0])
    limited = with_limits(command, sandbox.limits, bound) if can_limit else command
    environment = guest_environment(sandbox, str(folder), None if data is None else str(data))
    return LaunchSpec(
        command=tuple(limited),
        environment=environment | {MARK: workspace.name},
        folder=str(folder / "work"),
        user=workspace.user,
        runs_as=workspace.user,
        written=str(folder),
    )
