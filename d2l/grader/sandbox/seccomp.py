"""The system calls that no run may make, as a filter that the kernel itself applies (seccomp).

They make namespaces, look into other processes, keep memory that is on nobody's account, or reach
out of the sandbox by an address family that no namespace separates; a notebook needs none of them.
Machines with other processors go without.
"""

import platform
import struct

# Names, and their numbers on (x86_64, aarch64).
_REFUSED = {
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
_ROUTES = 0  # the protocol of netlink by which the C library lists interfaces
_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NEW_USER = 0x10000000
_FOREIGN = 0x40000000  # the bit of x86_64's other table of calls

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT, _THIRD_ARGUMENT = (
    0,
    4,
    16,
    32,
)  # where they are in what the filter is shown
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_NOT_PERMITTED, _NOT_IMPLEMENTED, _NO_SUCH_FAMILY = 1, 38, 97


def system_call_filter() -> bytes:
    """Return the filter as the kernel reads it; empty for a processor that is not known here.

    Refused calls fail as if not permitted. `clone3`, whose flags a filter cannot see, fails as if
    it did not exist, and the C library turns to `clone`.
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
    for numbers in _REFUSED.values():
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
    """One instruction; `then` and `otherwise` say how many to pass over."""
    return struct.pack("=HBBI", code, then, otherwise, value)
