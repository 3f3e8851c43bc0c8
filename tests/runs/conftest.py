"""What the tests of records share."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def open_folder():
    """A folder that everybody may reach; pytest's own are their owner's alone."""
    folder = Path(tempfile.mkdtemp(prefix="d2l-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were waited between attempts to write; none of them passes."""
    seconds = []
    monkeypatch.setattr("d2l.files.atomic_write.time.sleep", seconds.append)
    return seconds


@pytest.fixture
def refuse(monkeypatch):
    """Have a function of a module fail so many times, if `matches(*arguments)`; then it works."""

    def refuse(module, name, number, times, matches=lambda *_: True):
        real, left = getattr(module, name), [times]

        def refusing(*arguments, **options):
            if left[0] and matches(*arguments):
                left[0] -= 1
                raise OSError(number, os.strerror(number))
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, refusing)

    return refuse
