"""Levels of isolation to run a test at, and a temporary folder that must be empty at its end."""

import os
import tempfile

import pytest
from guards import need

from d2l.grader.sandbox.isolation import Level


@pytest.fixture(params=(Level.NONE, Level.BUBBLEWRAP), ids=lambda one: one.title)
def level(request):
    return need(request.param)


@pytest.fixture(params=(Level.BUBBLEWRAP,), ids=lambda one: one.title)
def isolated(request):
    return need(request.param)


@pytest.fixture
def private_temporary_folder(monkeypatch, tmp_path):
    """A temporary folder of the test's own, in which nothing is left at its end."""
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        os.chmod(folder, 0o755)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield folder
        assert os.listdir(folder) == []
