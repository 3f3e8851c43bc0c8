"""The homework's `!pip install d2l`, where d2l is installed: satisfied, nothing changed."""

import os
import subprocess
import sys


def pip(*words):
    """What pip of this environment prints, without its network."""
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pip", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    ).stdout


def test_pip_install_d2l_finds_it_there_and_changes_nothing():
    before = pip("freeze")
    said = pip("install", "d2l").splitlines()
    assert any(line.startswith("Requirement already satisfied: d2l in") for line in said)
    assert not any(line.startswith(("Collecting", "Installing", "Successfully")) for line in said)
    assert pip("freeze") == before
