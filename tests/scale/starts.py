"""Programs started as a reader starts them: alone, or by torchrun in several processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
SECONDS = 900  # no program here takes a fiftieth of it on an idle machine


def start(program, num_processes, *arguments, folder=None):
    """What the program printed; fails with all of that if it did not end well."""
    launcher = []
    if num_processes > 1:
        options = ["--standalone", "--nproc-per-node", str(num_processes)]
        launcher = ["-m", "torch.distributed.run", *options]
    command = [sys.executable, *launcher, str(PROGRAMS / program), *map(str, arguments)]
    done = finish(command, folder)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr[-4000:]}"
    return done.stdout


def finish(command, folder=None, **more_environment):
    """How a program ended, and what it printed; one that does not end in time fails the test."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | more_environment
    running = subprocess.Popen(command, text=True, cwd=folder, env=environment, **pipes)
    try:
        said, complained = running.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        running.terminate()  # torchrun ends its processes; killed, it would leave them behind
        said, complained = running.communicate(timeout=60)
        pytest.fail(f"{command} did not end:\n{said[-2000:]}\n{complained[-4000:]}")
    return subprocess.CompletedProcess(command, running.returncode, said, complained)
