"""Programs started as a reader starts them: alone, or by torchrun in several processes."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
SECONDS = 180  # no program here takes a tenth of it on an idle machine


def start(program, num_processes, *arguments, folder=None):
    """What the program printed; fails with all of that if it did not end well."""
    launcher = []
    if num_processes > 1:
        options = ["--standalone", "--nproc-per-node", str(num_processes)]
        launcher = ["-m", "torch.distributed.run", *options]
    command = [sys.executable, *launcher, str(PROGRAMS / program), *map(str, arguments)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=folder,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr[-4000:]}"
    return done.stdout
