"""The level NAMESPACES: the same walls as bubblewrap's, put up by `enter.py` in its absence."""

import json
import sys
from collections.abc import Sequence

from d2l.grader.sandbox.isolation import (
    DATA,
    INSIDE,
    WRITABLE,
    Box,
    Launch,
    Place,
    arranged,
    environment,
    program,
)
from d2l.grader.sandbox.level import IsolationError
from d2l.grader.sandbox.mounts import in_sight


def launch(command: Sequence[str], box: Box, place: Place) -> Launch:
    """Start a trusted program that puts up the walls around itself, and becomes the command."""
    if sys.platform != "linux":
        raise IsolationError(f"namespaces are Linux's, and this is {sys.platform}")
    sight = in_sight(box, place)
    root = place.root / "root"
    root.mkdir()
    plan = {
        "root": str(root),
        "parents": sight.parents,
        "shown": sight.shown,
        "links": sight.links,
        "writable": dict.fromkeys(WRITABLE, box.limits.disk),
        "network": box.network,
        "user": place.user,
    }
    enter = program("d2l.grader.sandbox.enter", json.dumps(plan), bare=True)
    return Launch(
        command=(*enter, *arranged(command)),
        environment=environment(INSIDE, None if box.data is None else DATA),
        folder="/",
        runs_as=place.user,
        mounted=WRITABLE,
    )
