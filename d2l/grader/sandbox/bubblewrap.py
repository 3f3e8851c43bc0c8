"""The level BUBBLEWRAP: `bwrap` starts a run in namespaces of its own, without any privilege.

Nothing of a run lies on this machine's disk: its inputs are unpacked inside, in memory. What is
passed to `bwrap` goes through open descriptors, since its command line can be read from inside.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence

from d2l.grader.sandbox.cgroup import in_own_group
from d2l.grader.sandbox.install_hint import install_hint, what_is_missing
from d2l.grader.sandbox.isolation import (
    COLAB_FOLDER,
    DATA,
    FOLDERS,
    GUEST_ROOT,
    WRITABLE,
    IsolationError,
    LaunchSpec,
    SandboxConfig,
    guest_environment,
    with_limits,
)
from d2l.grader.sandbox.mounts import MountPlan, mount_plan
from d2l.grader.sandbox.resource_monitor import max_threads
from d2l.grader.sandbox.seccomp import system_call_filter
from d2l.grader.sandbox.workspace import Workspace

_INPUTS = "/inputs.tar"  # inside
# `bwrap` stays as process 1 of the sandbox, and keeps no descriptors but 0, 1 and 2 open. Where an
# ordinary user grades, the run is that user too, and can open them by /proc/1/fd: the pipes to the
# command must not be among them. On the way to the command they are 3 and 4.
_PIPES_ASIDE = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'
_PIPES_BACK = 'exec "$@" <&3 >&4 3<&- 4>&-'


def launch(command: Sequence[str], sandbox: SandboxConfig, workspace: Workspace) -> LaunchSpec:
    """Return how to start the command in a sandbox. Raises `IsolationError` without the tools."""
    if missing := what_is_missing():
        raise IsolationError(f"{missing}. Install: {install_hint()}")
    inputs = _descriptor(workspace.archive())
    reading, writing = os.pipe()
    info = _of_two_digits(writing)
    options = [*_namespaces(sandbox, workspace), "--info-fd", str(info)]
    plan = mount_plan(sandbox, workspace.user, workspace.user_and_group)
    files = {inputs: _INPUTS}
    files |= {_descriptor(text.encode()): path for path, text in plan.files.items()}
    options += _filesystem(plan, sandbox)
    for descriptor, path in files.items():
        options += ["--perms", "0644", "--ro-bind-data", str(descriptor), path]
    options += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", GUEST_ROOT]
    passed = [info, *files]
    if filter_program := system_call_filter():
        passed.append(_descriptor(filter_program))
        options += ["--seccomp", str(passed[-1])]
    passed.append(_descriptor(b"".join(option.encode() + b"\0" for option in options)))
    bound = max_threads(sandbox.limits.processes, workspace.user)
    inner = [*_become(workspace), *with_limits(_unpacked(command), sandbox.limits, bound)]
    start = ("/bin/sh", "-c", _PIPES_ASIDE, "sh", "bwrap")
    outer = (*start, "--args", str(passed[-1]), "--", *inner)
    return LaunchSpec(
        command=in_own_group(outer, sandbox.limits, bound),
        environment=_outer_environment()
        | guest_environment(sandbox, GUEST_ROOT, None if sandbox.data is None else DATA),
        folder="/",
        runs_as=workspace.user,
        passed=tuple(passed),
        info=reading,
        mounted=WRITABLE,
    )


def _outer_environment() -> dict[str, str]:
    """What systemd-run needs to find the user's session; harmless inside, where none is."""
    names = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
    return {name: os.environ[name] for name in names if name in os.environ}


def _namespaces(sandbox: SandboxConfig, workspace: Workspace) -> list[str]:
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--hostname", "sandbox", "--die-with-parent", "--new-session"]
    options += ["--unsetenv", "XDG_RUNTIME_DIR", "--unsetenv", "DBUS_SESSION_BUS_ADDRESS"]
    if not sandbox.network:
        options.append("--unshare-net")
    if workspace.user is None:
        options += ["--unshare-user", "--disable-userns"]
    return options


def _filesystem(plan: MountPlan, sandbox: SandboxConfig) -> Iterator[str]:
    yield from ("--proc", "/proc", "--dev", "/dev")
    for folder in WRITABLE:
        yield from ("--perms", "1777", "--size", str(sandbox.limits.disk), "--tmpfs", folder)
    for parent in plan.parents:
        yield from ("--perms", "0755", "--dir", parent)
    for outside, inside in plan.shown:
        yield from ("--ro-bind", outside, inside)
    for target, inside in (*plan.links, (f"{GUEST_ROOT}/work", COLAB_FOLDER)):
        yield from ("--symlink", target, inside)


def _unpacked(command: Sequence[str]) -> list[str]:
    """Wrap `command`: unpack the inputs into the folder of the run, then start in its `work`."""
    script = f"mkdir {' '.join(FOLDERS)} && tar -xf {_INPUTS} && cd work && {_PIPES_BACK}"
    return ["/bin/sh", "-c", script, "sh", *command]


def _become(workspace: Workspace) -> list[str]:
    if workspace.user is None:
        return []
    user = str(workspace.user)
    who = ["--reuid", user, "--regid", user, "--clear-groups"]
    return ["setpriv", *who, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]


def _descriptor(content: bytes) -> int:
    """Return a descriptor that `content` can be read from, without a file of that name."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return _of_two_digits(os.dup(file.fileno()))


def _of_two_digits(descriptor: int) -> int:
    """Move a descriptor out of the way of the shell's redirections, whose numbers have one digit.

    Above 9 there is none to be moved.
    """
    if descriptor > 9:
        return descriptor
    try:
        return _of_two_digits(os.dup(descriptor))
    finally:
        os.close(descriptor)
