"""Writers of checkpoints that are killed with -9 at random moments."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("kill_points.py")


NUM_KILLS = 200


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_whenever_a_writer_is_killed_the_last_checkpoint_it_announced_is_whole(tmp_path):
    command = [sys.executable, str(PROGRAM), str(tmp_path / "run"), str(NUM_KILLS), "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["bad"] == []
    assert found["kills"] == NUM_KILLS
    assert found["cut off"] > NUM_KILLS // 10  # so many came in the middle of a file
    assert found["written"] >= NUM_KILLS // 10
