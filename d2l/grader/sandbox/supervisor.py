"""A trusted program, one per run: starts it with its limits, watches its tree, ends it whole.

Apart from whoever grades, so that runs side by side cannot confuse their orphans, and so that a
grader that is killed takes its runs along. Knows nothing of notebooks.
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from d2l.grader.sandbox import kernel_calls as kernel
from d2l.grader.sandbox.kill_tree import kill_tree, remove_folder
from d2l.grader.sandbox.resource_monitor import ResourceMonitor
from d2l.grader.sandbox.rlimits import set_limits, threads_at_most
from d2l.grader.sandbox.seccomp import FILTER_DESCRIPTOR, system_call_filter

POLL_SECONDS = 0.1
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
GRACE_SECONDS = 2.0  # for a run that has said everything, to end by itself


def main() -> None:
    """Read a plan from the first descriptor named, write what became of it to the second."""
    control, report = int(sys.argv[1]), int(sys.argv[2])
    with open(control, "rb", buffering=0) as orders, open(report, "wb") as result:
        plan = json.loads(_line(orders))
        result.write(json.dumps(_supervise(plan, orders.fileno())).encode())


def _line(orders: Any) -> bytes:
    # Byte by byte: whatever follows the line is for the loop that watches.
    parts = []
    while (part := orders.read(1)) not in (b"\n", b""):
        parts.append(part)
    return b"".join(parts)


def _supervise(plan: dict[str, Any], orders: int) -> dict[str, Any]:
    if kernel.LINUX:
        kernel.process_control(kernel.SUBREAPER, 1)
    wake = _wake_on_children()
    start = time.monotonic()
    meter = ResourceMonitor(plan)
    bound = threads_at_most(plan["processes"], plan["runs_as"], os.getuid())
    plan["threads_at_most"] = bound
    try:
        child = _start(plan)
    except OSError as error:
        return {"status": "start", "reason": f"{plan['command'][0]}: {error}"}
    _let_go_of_streams()
    try:
        verdict = _watch(plan, child, meter, (orders, wake), start)
    finally:
        kill_tree(plan["runs_as"])
        _end_what_is_elsewhere(plan["afterwards"])
        remove_folder(Path(plan["place"]))  # here, because a grader may be killed
    seconds = time.monotonic() - start
    # The largest process that was reaped, for runs too short to have been measured at work.
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _MAXRSS_UNIT
    peak = max(meter.peak_memory, largest)
    return verdict | {"seconds": seconds, "peak_memory": peak}


def _wake_on_children() -> int:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return reading


def _start(plan: dict[str, Any]) -> int:
    user = plan["user"]
    who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    command, given = list(plan["command"]), []
    if FILTER_DESCRIPTOR in command:
        given = [_offered_filter()]
        command[command.index(FILTER_DESCRIPTOR)] = str(given[0])
    started = subprocess.Popen(
        command,
        env=plan["environment"],
        cwd=plan["folder"],
        start_new_session=True,
        pass_fds=given,
        umask=0o022,
        preexec_fn=lambda: set_limits(plan),  # noqa: PLW1509 - this program has one thread
        **who,
    )
    started.returncode = 0  # reaped by us, not by subprocess
    return started.pid


def _offered_filter() -> int:
    """A descriptor that the filter can be read from."""
    reading, writing = os.pipe()
    os.write(writing, system_call_filter())
    os.close(writing)
    return reading


def _let_go_of_streams() -> None:
    # Else whoever reads what the run says would wait for us as well.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)


def _watch(
    plan: dict[str, Any],
    child: int,
    meter: ResourceMonitor,
    channels: tuple[int, int],
    start: float,
) -> dict[str, Any]:
    """Wait until the run ends, breaks a limit, or is to be stopped; say which."""
    grader = os.getppid()
    deadline = start + plan["seconds"]
    said_all = False
    while True:
        ready = select.select(channels, [], [], POLL_SECONDS)[0]
        code = _reap(child)
        if code is not None:
            return _ended(code)
        if channels[1] in ready:
            os.read(channels[1], 4096)
        if channels[0] in ready and os.read(channels[0], 1) != b"d":
            return {"status": "stopped", "reason": "it was stopped"}
        if channels[0] in ready:
            said_all, deadline = True, min(deadline, time.monotonic() + GRACE_SECONDS)
        if os.getppid() != grader:
            return {"status": "stopped", "reason": "whoever started it has ended"}
        if time.monotonic() > deadline:
            return _late(plan["seconds"], said_all)
        if (broken := meter.exceeded_limit()) is not None:
            return {"status": broken[0], "reason": broken[1]}


def _reap(child: int) -> int | None:
    """Collect everything that has ended; return the exit code of the run if it is among it."""
    code = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if ended == 0:
            return code
        if ended == child:
            code = os.waitstatus_to_exitcode(status)


def _ended(code: int) -> dict[str, Any]:
    if code == 0:
        return {"status": "ok", "reason": "", "code": code}
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    return {"status": "died", "reason": f"its process ended with {how}", "code": code}


def _late(seconds: float, said_all: bool) -> dict[str, Any]:
    if said_all:
        return {"status": "ok", "reason": ""}
    return {"status": "timeout", "reason": f"it ran longer than {seconds:g} s"}


def _end_what_is_elsewhere(command: list[str]) -> None:
    if command:
        nowhere = subprocess.DEVNULL
        with suppress(subprocess.TimeoutExpired):
            # It fails when nothing is left of a container that ended by itself.
            subprocess.run(
                command, stdin=nowhere, stdout=nowhere, stderr=nowhere, timeout=30, check=False
            )
