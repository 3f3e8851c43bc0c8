"""The level BUBBLEWRAP: walls put up by `bwrap`."""

import shutil
from collections.abc import Iterator, Sequence

from d2l.grader.sandbox.isolation import (
    DATA,
    INSIDE,
    WRITABLE,
    Box,
    Launch,
    Place,
    arranged,
    environment,
)
from d2l.grader.sandbox.level import IsolationError
from d2l.grader.sandbox.mounts import Sight, in_sight
from d2l.grader.sandbox.seccomp import FILTER_DESCRIPTOR, system_call_filter


def launch(command: Sequence[str], box: Box, place: Place) -> Launch:
    """Start the command by bubblewrap, as an unprivileged user from the first moment."""
    wall = [_tool("bwrap"), *_namespaces(box, place), *_filesystem(in_sight(box, place), box)]
    if system_call_filter():
        wall += ["--seccomp", FILTER_DESCRIPTOR]
    return Launch(
        command=(*wall, "--", *_become(place), *arranged(command)),
        environment=environment(INSIDE, None if box.data is None else DATA),
        folder="/",
        runs_as=place.user,
        mounted=WRITABLE,
    )


def _namespaces(box: Box, place: Place) -> list[str]:
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--hostname", "box", "--die-with-parent", "--new-session"]
    if not box.network:
        options.append("--unshare-net")
    if place.user is None:
        options += ["--unshare-user", "--disable-userns"]
    return options


def _filesystem(sight: Sight, box: Box) -> Iterator[str]:
    yield from ("--proc", "/proc", "--dev", "/dev")
    for folder in WRITABLE:
        yield from ("--perms", "1777", "--size", str(box.limits.disk), "--tmpfs", folder)
    for parent in sight.parents:
        yield from ("--perms", "0755", "--dir", parent)
    for outside, inside in sight.shown:
        yield from ("--ro-bind", outside, inside)
    for target, inside in sight.links:
        yield from ("--symlink", target, inside)
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", INSIDE)


def _become(place: Place) -> list[str]:
    if place.user is None:
        return []
    user = str(place.user)
    who = ["--reuid", user, "--regid", user, "--clear-groups"]
    return [_tool("setpriv"), *who, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise IsolationError(
            f"the level bubblewrap needs the program {name}, which is not here: "
            "apt install bubblewrap util-linux, or --isolation namespaces"
        )
    return path
