"""The level BUBBLEWRAP: `bwrap` starts a run in its own namespaces, without privileges.

No file of a run is on this machine's disk: its inputs are unpacked inside, in memory. Options are
passed to `bwrap` through open descriptors, since its command line can be read from inside.
"""

import functools
import os
import platform
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from d2l.grader.sandbox.cgroup import in_own_group
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
from d2l.grader.sandbox.resource_monitor import max_threads
from d2l.grader.sandbox.workspace import MountPlan, Workspace, mount_plan

NEEDED = {"bwrap": "bubblewrap", "setpriv": "util-linux", "prlimit": "util-linux", "tar": "tar"}
OLDEST = (0, 8)  # the first version that can forbid nested user namespaces
_INSTALLERS = {
    "debian": "sudo apt install",
    "fedora": "sudo dnf install",
    "arch": "sudo pacman -S",
    "suse": "sudo zypper install",
    "alpine": "sudo apk add",
}


def what_is_missing(system: str = platform.system()) -> str:
    """Return why bubblewrap cannot isolate runs on this machine, "" if it can."""
    if system != "Linux":
        return f"bubblewrap requires Linux, but this is {system or 'another system'}"
    missing = dict.fromkeys(package for tool, package in NEEDED.items() if not shutil.which(tool))
    if missing:
        return f"not installed: {', '.join(missing)}"
    version = bubblewrap_version()
    if version < OLDEST:
        found, oldest = (".".join(map(str, numbers)) for numbers in (version, OLDEST))
        return f"bubblewrap {oldest} or newer is required, found {found}"
    return ""


def install_hint(system: str = platform.system(), release: str | None = None) -> str:
    """Return the command that provides isolation on this system; `release` is its os-release."""
    container = "docker run, or podman: `d2l grade … --isolation docker --image NAME`"
    if system == "Darwin":
        return f"brew install podman && podman machine init --now; then {container}"
    if system == "Windows":
        return f"wsl --install, then install d2l inside WSL; or Docker Desktop and {container}"
    packages = " ".join(dict.fromkeys(NEEDED.values()))
    names = _names_of_release(_os_release() if release is None else release)
    for name, command in _INSTALLERS.items():
        if name in names:
            return f"{command} {packages}"
    return f"install {packages} with your system's package manager; or use {container}"


@functools.cache
def bubblewrap_version() -> tuple[int, ...]:
    """Return the version of `bwrap`, (0,) if unknown."""
    try:
        done = subprocess.run(
            ["bwrap", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
        return tuple(int(part) for part in done.stdout.split()[-1].split("."))
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return (0,)


def _names_of_release(text: str) -> set[str]:
    lines = (line.partition("=")[::2] for line in text.splitlines())
    fields = {name: value.strip("\"'") for name, value in lines}
    names = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".split()
    return {"suse" if "suse" in name else name for name in names}


def _os_release() -> str:
    path = Path("/etc/os-release")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


# Forbidden system calls, with their numbers on (x86_64, aarch64).
_FORBIDDEN = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "msgget": (68, 186),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "semget": (64, 190),
    "sched_setaffinity": (203, 122),
    "setns": (308, 268),
    "shmget": (29, 194),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_SOCKETS = ((41, 198), (53, 199))  # socket, socketpair
_UNIX, _INTERNET, _INTERNET_6, _NETLINK = 1, 2, 10, 16
_ROUTES = 0  # NETLINK_ROUTE, with which the C library lists interfaces
_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NEW_USER = 0x10000000
_FOREIGN = 0x40000000  # the bit of x86_64's x32 system calls

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT, _THIRD_ARGUMENT = (
    0,
    4,
    16,
    32,
)  # offsets in `struct seccomp_data`
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_NOT_PERMITTED, _NOT_IMPLEMENTED, _NO_SUCH_FAMILY = 1, 38, 97


def system_call_filter() -> bytes:
    """Return the seccomp filter as a BPF program, empty for an unknown processor.

    Forbidden calls fail with EPERM. `clone3`, whose flags a filter cannot read, fails with ENOSYS,
    so that the C library falls back to `clone`.
    """
    machine = platform.machine()
    if machine not in _MACHINES:
        return b""
    column = list(_MACHINES).index(machine)
    steps = [
        _step(_LOAD, _MACHINE),
        _step(_IF_EQUAL, _MACHINES[machine], then=1),
        _step(_RETURN, _FAIL | _NOT_PERMITTED),
        _step(_LOAD, _NUMBER),
        *_refuse(_IF_AT_LEAST, _FOREIGN, _NOT_PERMITTED),
        *_refuse(_IF_EQUAL, _CLONE3[column], _NOT_IMPLEMENTED),
    ]
    for numbers in _FORBIDDEN.values():
        steps += _refuse(_IF_EQUAL, numbers[column], _NOT_PERMITTED)
    for numbers in _SOCKETS:
        steps += _refuse_other_families(numbers[column])
    steps += [
        _step(_IF_EQUAL, _CLONE[column], otherwise=3),
        _step(_LOAD, _FIRST_ARGUMENT),
        *_refuse(_IF_ANY_BIT, _NEW_USER, _NOT_PERMITTED),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)


def _refuse(test: int, value: int, error: int) -> list[bytes]:
    return [_step(test, value, otherwise=1), _step(_RETURN, _FAIL | error)]


def _refuse_other_families(call: int) -> list[bytes]:
    return [
        _step(_IF_EQUAL, call, otherwise=9),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_IF_EQUAL, _UNIX, then=5),
        _step(_IF_EQUAL, _INTERNET, then=4),
        _step(_IF_EQUAL, _INTERNET_6, then=3),
        _step(_IF_EQUAL, _NETLINK, otherwise=3),
        _step(_LOAD, _THIRD_ARGUMENT),
        _step(_IF_EQUAL, _ROUTES, otherwise=1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _FAIL | _NO_SUCH_FAMILY),
    ]


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """Return one instruction; `then` and `otherwise` are how many instructions to skip."""
    return struct.pack("=HBBI", code, then, otherwise, value)


_INPUTS = "/inputs.tar"  # inside
# `bwrap` remains as process 1 of the sandbox, with only the descriptors 0, 1 and 2 open. If the
# grader is an ordinary user, the run has the same user and can open them through /proc/1/fd, so
# they must not be the pipes to the command. These are passed to the command as 3 and 4.
_PIPES_ASIDE = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'
_PIPES_BACK = 'exec "$@" <&3 >&4 3<&- 4>&-'


def launch(command: Sequence[str], sandbox: SandboxConfig, workspace: Workspace) -> LaunchSpec:
    """Return how to start the command; raises `IsolationError` if tools are missing."""
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
    """Return what systemd-run needs to find the user's session, which is absent inside."""
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
    """Wrap `command` to unpack the inputs into the run's folder and start in its `work`."""
    script = f"mkdir {' '.join(FOLDERS)} && tar -xf {_INPUTS} && cd work && {_PIPES_BACK}"
    return ["/bin/sh", "-c", script, "sh", *command]


def _become(workspace: Workspace) -> list[str]:
    if workspace.user is None:
        return []
    user = str(workspace.user)
    who = ["--reuid", user, "--regid", user, "--clear-groups"]
    return ["setpriv", *who, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]


def _descriptor(content: bytes) -> int:
    """Return a descriptor of an unnamed file with `content`."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return _of_two_digits(os.dup(file.fileno()))


def _of_two_digits(descriptor: int) -> int:
    """Duplicate a descriptor to a number above 9, since shell redirections use the others."""
    if descriptor > 9:
        return descriptor
    try:
        return _of_two_digits(os.dup(descriptor))
    finally:
        os.close(descriptor)
