"""The level LIMITS: no walls, only limits. The run sees the machine as its user does."""

import sys
from collections.abc import Sequence

from d2l.grader.sandbox.isolation import LaunchSpec, SandboxConfig, Workspace, environment
from d2l.grader.sandbox.mounts import python_folders
from d2l.grader.sandbox.sandbox_uid import require_readable


def launch(command: Sequence[str], sandbox: SandboxConfig, place: Workspace) -> LaunchSpec:
    """Start the command as it is, in the run's own folder."""
    data = None if sandbox.data is None else sandbox.data.resolve()
    needed = python_folders() if command[0] == sys.executable else []
    needed += [place.root.parent, *([data] if data else [])]
    require_readable(needed, place.user, with_parents=True)
    return LaunchSpec(
        command=tuple(command),
        environment=environment(str(place.sandbox), None if data is None else str(data)),
        folder=str(place.sandbox / "work"),
        user=place.user,
        runs_as=place.user,
        has_walls=False,
        written=str(place.sandbox),
    )
