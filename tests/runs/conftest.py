"""What the tests of records share."""

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
