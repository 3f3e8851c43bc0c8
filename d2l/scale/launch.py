"""Runs a script in several processes through torchrun: options, environment, exit status.

Notebooks are converted to scripts by the caller.
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
    """Raised if the processes cannot be started as requested."""


@dataclass(frozen=True)
class Launch:
    """A launch of `devices` processes on each of `nodes` machines; this machine is `node_rank`.

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
                f"a launch needs devices >= 1, nodes >= 1 and max_restarts >= 0; found {self}. "
                "E.g. --devices 2"
            )
        if not 0 <= self.node_rank < self.nodes:
            raise LaunchError(
                f"the node rank of {self.nodes} machines must be in 0..{self.nodes - 1}; found "
                f"--node-rank {self.node_rank}. Give each machine its own rank, starting from 0"
            )
        if self.nodes > 1 and not _is_endpoint(self.rendezvous):
            raise LaunchError(
                f"{self.nodes} machines need --rendezvous HOST:PORT, an address of the first "
                f"machine; found {self.rendezvous}. E.g. --rendezvous 10.0.0.1:29500, the same on "
                "each machine"
            )

    def options(self) -> list[str]:
        """Return the options of torchrun."""
        options = ["--nproc-per-node", str(self.devices)]
        if self.nodes > 1 and self.rendezvous is not None:
            host, _, port = self.rendezvous.rpartition(":")
            options += ["--nnodes", str(self.nodes), "--node-rank", str(self.node_rank)]
            options += ["--master-addr", host, "--master-port", port]
        else:
            options.insert(0, "--standalone")
        return options + (["--max-restarts", str(self.max_restarts)] if self.max_restarts else [])

    def describe(self, script: Path, arguments: Sequence[str]) -> str:
        """Return the equivalent command line."""
        command = ["torchrun", *self.options(), str(script), *arguments]
        return f"{THREADS}={self.num_threads()} {shlex.join(command)}"

    def num_threads(self) -> int:
        """Return the threads per process: from the environment, or the cores per process."""
        value = os.environ.get(THREADS, "")
        return int(value) if value.isdecimal() else max(1, num_cores() // self.devices)


def run(launch: Launch, script: Path, arguments: Sequence[str] = ()) -> int:
    """Run the script in these processes and return the first exit status that is not 0.

    Returns 0 if no process failed, and 128 plus the signal number if the process or this one was
    terminated by a signal. Raises `LaunchError` if the processes could not be started.
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
    """Set an environment variable for the processes that the block starts; restored at its end."""
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
    """Return and print the status of the first process that failed by itself."""
    first = sorted(failures.items(), key=lambda item: item[1].timestamp)
    own = [(rank, f.exitcode) for rank, f in first if f.exitcode != -signal.SIGTERM]
    rank, code = own[0] if own else (first[0][0], first[0][1].exitcode)
    status = code if code > 0 else 128 - code
    reason = "see its output above" if code > 0 else signal.Signals(-code).name
    print(f"d2l: process {rank} exited with status {status} ({reason})", file=sys.stderr)
    return int(status)


def num_cores() -> int:
    """Return the number of cores that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable is not None else os.cpu_count() or 1


def _is_endpoint(rendezvous: str | None) -> bool:
    host, _, port = (rendezvous or "").rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536
