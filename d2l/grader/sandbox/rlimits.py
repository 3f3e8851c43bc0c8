"""The limits that the system itself keeps on one process, set just before it becomes the run.

A second line: what counts is the tree as a whole, and that the supervisor watches.
"""

import resource
import signal
from contextlib import suppress
from typing import Any

from d2l.grader.sandbox import kernel_calls as kernel
from d2l.grader.sandbox.process_tree import threads_of
from d2l.grader.sandbox.resource_monitor import LIBRARY_THREADS
from d2l.grader.sandbox.seccomp import system_call_filter

_ROOM = 2**30  # PyTorch maps about this much that it never touches
_OPEN_FILES = 1024


def set_limits(plan: dict[str, Any]) -> None:
    """Limit this process and all that it starts; it ends when its parent does."""
    if kernel.LINUX:
        kernel.process_control(kernel.KILL_WITH_PARENT, signal.SIGKILL)
        _be_the_first_to_go()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, plan["disk"])
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_DATA, plan["memory"] + _ROOM)
    _limit(resource.RLIMIT_NPROC, plan["threads_at_most"])
    if kernel.LINUX and not plan["has_walls"] and (program := system_call_filter()):
        kernel.refuse_calls(program)  # walls need these calls, and refuse them when they are up


def threads_at_most(processes: int, user: int | None, who: int) -> int:
    """Return a bound on threads that only what breaks the limit on processes ever meets.

    It counts all threads of a user, so those that an ordinary user has already come on top.
    """
    room = 2 * processes + 8 * LIBRARY_THREADS
    return room if user is not None else room + threads_of(who)


def _be_the_first_to_go() -> None:
    # Where the machine itself runs out of memory, the kernel is to take the run, not the grader.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("900")


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (bound, bound))
