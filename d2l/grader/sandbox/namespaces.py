"""The level NAMESPACES: the same walls as bubblewrap's, put up by `enter.py` in its absence."""

import json
import sys
from collections.abc import Sequence

from d2l.grader.sandbox.isolation import (
    DATA,
    INSIDE,
    WRITABLE,
    SandboxConfig,
    environment,
    program,
    with_copied_inputs,
)
from d2l.grader.sandbox.level import IsolationError
from d2l.grader.sandbox.mounts import mount_plan


def launch(command: Sequence[str], sandbox: SandboxConfig, place: Workspace) -> LaunchSpec:
    """Start a trusted program that puts up the walls around itself, and becomes the command."""
    if sys.platform != "linux":
        raise IsolationError(f"namespaces are Linux's, and this is {sys.platform}")
    sight = mount_plan(sandbox, place)
    root = place.root / "root"
    root.mkdir()
    plan = {
        "root": str(root),
        "parents": sight.parents,
        "shown": sight.shown,
        "links": sight.links,
        "writable": dict.fromkeys(WRITABLE, sandbox.limits.disk),
        "network": sandbox.network,
        "user": place.user,
    }
    enter = program("d2l.grader.sandbox.enter", json.dumps(plan), bare=True)
    return LaunchSpec(
        command=(*enter, *with_copied_inputs(command)),
        environment=environment(INSIDE, None if sandbox.data is None else DATA),
        folder="/",
        runs_as=place.user,
        mounted=WRITABLE,
    )
