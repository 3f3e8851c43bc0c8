"""A trusted program: puts up namespaces around itself, gives up every privilege, becomes a command.

Its first argument is a plan in JSON, the rest is the command. Does what bubblewrap would do.
"""

import fcntl
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from d2l.grader.sandbox import kernel_calls as kernel
from d2l.grader.sandbox.seccomp import system_call_filter

_DEVICES = ("full", "null", "random", "urandom", "zero")
_RAISE_INTERFACE, _UP_AND_RUNNING = 0x8914, 0x41
_CAPABILITIES = 64


def main() -> None:
    """Run the command behind walls, and exit as it does."""
    plan = json.loads(sys.argv[1])
    _leave_namespaces(plan)
    _in_a_child()  # the first process of the new numbers
    _furnish(plan)
    kernel.change_root(plan["root"])
    _in_a_child()  # the first process stays behind to reap, and its end ends all the others
    _give_up_privileges(plan["user"])
    if program := system_call_filter():
        kernel.refuse_calls(program)
    os.chdir("/sandbox")
    os.setsid()
    os.execv(sys.argv[2], sys.argv[2:])


def _leave_namespaces(plan: dict[str, Any]) -> None:
    user, group = os.getuid(), os.getgid()
    flags = kernel.NEW_MOUNTS | kernel.NEW_PROCESSES | kernel.NEW_IPC | kernel.NEW_UTS
    flags |= kernel.NEW_CGROUP
    kernel.unshare(
        flags
        | (0 if plan["network"] else kernel.NEW_NETWORK)
        | (kernel.NEW_USER if plan["user"] is None else 0)
    )
    if plan["user"] is None:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        Path("/proc/sys/user/max_user_namespaces").write_text("0")  # none within this one
    socket.sethostname("sandbox")
    if not plan["network"]:
        _raise_loopback()


def _raise_loopback() -> None:
    request = struct.pack("16sH14x", b"lo", _UP_AND_RUNNING)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _RAISE_INTERFACE, request)


def _in_a_child() -> None:
    """Go on in a child; the parent only waits for its end, and ends alike."""
    child = os.fork()
    if child == 0:
        kernel.process_control(kernel.KILL_WITH_PARENT, signal.SIGKILL)
        return
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _furnish(plan: dict[str, Any]) -> None:
    root = plan["root"]
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    _mount_memory(root, "mode=0755,size=1m")
    Path(root, "proc").mkdir()
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("proc", root + "/proc", "proc", flags)
    _furnish_devices(root + "/dev")
    for folder, size in plan["writable"].items():
        Path(root + folder).mkdir(exist_ok=True)
        _mount_memory(root + folder, f"mode=1777,size={size},nr_inodes=200000")
    for parent in plan["parents"]:
        Path(root + parent).mkdir(exist_ok=True)
    for outside, inside in plan["shown"]:
        _show(outside, root + inside)
        kernel.make_read_only(root + inside, with_all_below=True)
    for target, inside in plan["links"]:
        Path(root + inside).symlink_to(target)
    for folder in ("/dev", "/"):
        kernel.make_read_only(root + folder, with_all_below=False)


def _furnish_devices(devices: str) -> None:
    Path(devices).mkdir()
    _mount_memory(devices, "mode=0755,size=1m")
    for name in _DEVICES:
        _show(f"/dev/{name}", f"{devices}/{name}")
    terminals = Path(devices, "pts")
    terminals.mkdir()
    flags = kernel.MS_NOSUID | kernel.MS_NOEXEC
    kernel.mount("devpts", str(terminals), "devpts", flags, "newinstance,ptmxmode=0666,mode=620")
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd"}
    streams = {name: f"/proc/self/fd/{n}" for n, name in enumerate(("stdin", "stdout", "stderr"))}
    for name, target in (links | streams).items():
        Path(devices, name).symlink_to(target)


def _show(outside: str, inside: str) -> None:
    if Path(outside).is_dir():
        Path(inside).mkdir(exist_ok=True)
    else:
        Path(inside).touch()
    kernel.mount(outside, inside, "", kernel.MS_BIND | kernel.MS_REC)


def _mount_memory(folder: str, options: str) -> None:
    kernel.mount("tmpfs", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)


def _give_up_privileges(user: int | None) -> None:
    for capability in range(_CAPABILITIES):
        try:
            kernel.process_control(kernel.DROP_CAPABILITY, capability)
        except OSError:  # beyond the last one that this kernel has
            break
    # A user other than root loses all capabilities when it becomes another program.
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
