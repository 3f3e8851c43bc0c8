"""Linux's own calls that Python has no function for, each raising `OSError` when it fails.

Imported by small trusted programs alone: it loads ctypes.
"""

import ctypes
import os
import sys

KILL_WITH_PARENT, SUBREAPER, NO_NEW_PRIVILEGES, DROP_CAPABILITY = 1, 36, 38, 24
NEW_MOUNTS, NEW_CGROUP, NEW_UTS, NEW_IPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_SET_FILTER = 22
_SET_MOUNT = 442  # the number of mount_setattr, the same on every architecture
_HERE, _RECURSIVE = -100, 0x8000
_READ_ONLY, _NOSUID, _NODEV = 1, 2, 4

LINUX = sys.platform == "linux"


def process_control(option: int, value: int) -> None:
    """Call prctl."""
    _call("prctl", option, ctypes.c_ulong(value), 0, 0, 0)


def refuse_calls(program: bytes) -> None:
    """Apply a filter of system calls to this process and all that it starts, for good."""
    steps = ctypes.create_string_buffer(program, len(program))
    filter_program = _FilterProgram(len(program) // 8, ctypes.addressof(steps))
    process_control(NO_NEW_PRIVILEGES, 1)
    _call("prctl", _SET_FILTER, ctypes.c_ulong(2), ctypes.byref(filter_program), 0, 0)


class _FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    _call("unshare", flags)


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """Mount a file system, or bind a path when `flags` has MS_BIND."""
    texts = [text.encode() for text in (source, target, kind)]
    _call("mount", *texts, ctypes.c_ulong(flags), options.encode())


def make_read_only(target: str, with_all_below: bool) -> None:
    """Make a mount read-only, without devices and without programs that become other users."""
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY | _NOSUID | _NODEV, 0, 0, 0)
    below = _RECURSIVE if with_all_below else 0
    size = ctypes.sizeof(attributes)
    _call("syscall", _SET_MOUNT, _HERE, target.encode(), below, ctypes.byref(attributes), size)


def change_root(folder: str) -> None:
    """Make `folder`, a mount, the root, and let go of the former one."""
    os.chdir(folder)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", 2)
    os.chdir("/")


def _call(name: str, *values: object) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*values) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{values}: {os.strerror(number)}")
