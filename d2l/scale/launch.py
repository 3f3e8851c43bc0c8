"""Runs a script in several processes through torchrun: options, environment, exit status.

A notebook is converted to a script before it comes here.
"""

import logging
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d2l.errors import D2LError

THREADS = "OMP_NUM_THREADS"


class LaunchError(D2LError, ValueError):
    """Processes that cannot be started as requested."""


@dataclass(frozen=True)
class Launch:
    """`devices` processes on each of `nodes` machines, of which this one is `node_rank`.

    `rendezvous` is a HOST:PORT of the first machine. If a process fails, all are restarted, at most
    `max_restarts` times.
    """

    devices: int
    nodes: int = 1
    node_rank: int = 0
    rendezvous: str | None = None
    max_restarts: int = 0

    def __post_init__(self) -> None:
        if self.devices < 1 or self.nodes < 1 or self.max_restarts < 0:
            raise LaunchError(
                f"a launch needs at least 1 device on at least 1 machine, and at least 0 restarts; "
                f"found {self}. E.g. --devices 2"
            )
        if not 0 <= self.node_rank < self.nodes:
            raise LaunchError(
                f"the {self.nodes} machines are numbered from 0 to {self.nodes - 1}; found "
                f"--node-rank {self.node_rank}. Give each machine its own number, the first one 0"
            )
        if self.nodes > 1 and not _is_endpoint(self.rendezvous):
            raise LaunchError(
                f"{self.nodes} machines need a HOST:PORT of the first one to connect to; found "
                f"{self.rendezvous}. E.g. --rendezvous 10.0.0.1:29500, the same on each machine"
            )

    def options(self) -> list[str]:
        """The options of torchrun."""
        options = ["--nproc-per-node", str(self.devices)]
        if self.nodes > 1 and self.rendezvous is not None:
            host, _, port = self.rendezvous.rpartition(":")
            options += ["--nnodes", str(self.nodes), "--node-rank", str(self.node_rank)]
            options += ["--master-addr", host, "--master-port", port]
        else:
            options.insert(0, "--standalone")
        return options + (["--max-restarts", str(self.max_restarts)] if self.max_restarts else [])

    def describe(self, script: Path, arguments: Sequence[str]) -> str:
        """The equivalent command line."""
        command = ["torchrun", *self.options(), str(script), *arguments]
        return f"{THREADS}={self.num_threads()} {shlex.join(command)}"

    def num_threads(self) -> int:
        """The threads of each process: as set in the environment, or its share of the cores."""
        value = os.environ.get(THREADS, "")
        return int(value) if value.isdecimal() else max(1, num_cores() // self.devices)


def run(launch: Launch, script: Path, arguments: Sequence[str] = ()) -> int:
    """Run the script in these processes until all have exited; returns the first failing status.

    That is 0 if none failed, and 128 plus the signal's number if it or this process was terminated
    by a signal. Raises `LaunchError` if they could not be started.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args
    from torch.distributed.run import run as run_torchrun

    logging.getLogger("torch.distributed.elastic").setLevel(logging.ERROR)
    try:
        with _environment(THREADS, str(launch.num_threads())):
            run_torchrun(parse_args([*launch.options(), str(script), *arguments]))
    except ChildFailedError as failed:
        return _status(failed.failures)
    except SignalException as ended:
        return 128 + int(ended.sigval)
    except (OSError, RuntimeError) as error:
        raise LaunchError(f"torchrun could not start the processes: {error}") from error
    return 0


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable for the processes that the block starts; afterwards it is as before."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _status(failures: Mapping[int, Any]) -> int:
    """The status of the first process to fail, which is reported; the others were terminated."""
    first = sorted(failures.items(), key=lambda item: item[1].timestamp)
    own = [(rank, f.exitcode) for rank, f in first if f.exitcode != -signal.SIGTERM]
    rank, code = own[0] if own else (first[0][0], first[0][1].exitcode)
    status = code if code > 0 else 128 - code
    reason = "see its output above" if code > 0 else signal.Signals(-code).name
    print(f"d2l: process {rank} exited with status {status} ({reason})", file=sys.stderr)
    return int(status)


def num_cores() -> int:
    """The number of cores that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable is not None else os.cpu_count() or 1


def _is_endpoint(rendezvous: str | None) -> bool:
    host, _, port = (rendezvous or "").rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536
