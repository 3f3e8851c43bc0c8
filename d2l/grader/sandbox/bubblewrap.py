"""The level BUBBLEWRAP: walls put up by `bwrap`."""

import shutil
from collections.abc import Iterator, Sequence

from d2l.grader.sandbox.isolation import (
    DATA,
    INSIDE,
    WRITABLE,
    SandboxConfig,
    environment,
    with_copied_inputs,
)
from d2l.grader.sandbox.level import IsolationError
from d2l.grader.sandbox.mounts import MountPlan, mount_plan
from d2l.grader.sandbox.seccomp import FILTER_DESCRIPTOR, system_call_filter


def launch(command: Sequence[str], sandbox: SandboxConfig, place: Workspace) -> LaunchSpec:
    """Start the command by bubblewrap, as an unprivileged user from the first moment."""
    wall = [
        _tool("bwrap"),
        *_namespaces(sandbox, place),
        *_filesystem(mount_plan(sandbox, place), sandbox),
    ]
    if system_call_filter():
        wall += ["--seccomp", FILTER_DESCRIPTOR]
    return LaunchSpec(
        command=(*wall, "--", *_become(place), *with_copied_inputs(command)),
        environment=environment(INSIDE, None if sandbox.data is None else DATA),
        folder="/",
        runs_as=place.user,
        mounted=WRITABLE,
    )


def _namespaces(sandbox: SandboxConfig, place: Workspace) -> list[str]:
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--hostname", "sandbox", "--die-with-parent", "--new-session"]
    if not sandbox.network:
        options.append("--unshare-net")
    if place.user is None:
        options += ["--unshare-user", "--disable-userns"]
    return options


def _filesystem(sight: MountPlan, sandbox: SandboxConfig) -> Iterator[str]:
    yield from ("--proc", "/proc", "--dev", "/dev")
    for folder in WRITABLE:
        yield from ("--perms", "1777", "--size", str(sandbox.limits.disk), "--tmpfs", folder)
    for parent in sight.parents:
        yield from ("--perms", "0755", "--dir", parent)
    for outside, inside in sight.shown:
        yield from ("--ro-bind", outside, inside)
    for target, inside in sight.links:
        yield from ("--symlink", target, inside)
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", INSIDE)


def _become(place: Workspace) -> list[str]:
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
