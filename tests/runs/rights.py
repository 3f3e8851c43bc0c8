"""Folders that this program may not read or write, even as root."""

import os
from contextlib import contextmanager

import pytest

NOBODY = 65534


@contextmanager
def without_rights(folder):
    """Take away every right to the folder, and from root that to pass over rights."""
    if os.name != "posix":
        pytest.skip("rights of POSIX")
    before, user = folder.stat().st_mode, os.geteuid()
    folder.chmod(0)
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(0)
        folder.chmod(before)
