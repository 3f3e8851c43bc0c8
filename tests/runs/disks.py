"""Disks that are full or read-only: real ones where the system lets a test mount them."""

import os
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def small_disk(folder, num_bytes):
    """Inside, `folder` is a disk of its own with room for so many bytes."""
    _mount("-t", "tmpfs", "-o", f"size={num_bytes}", "tmpfs", folder)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True, timeout=20)


@contextmanager
def read_only(folder):
    """Inside, nobody may write to `folder`, not even root."""
    _mount("--bind", folder, folder)
    try:
        _mount("-o", "remount,ro,bind", folder)
        yield
    finally:
        subprocess.run(["umount", folder], check=True, timeout=20)


@contextmanager
def no_file_longer_than(num_bytes):
    """Inside, a file that grows beyond this length is an error, as on a full disk."""
    if os.name != "posix":
        pytest.skip("limits of POSIX")
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _mount(*arguments):
    command = ["mount", *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if done.returncode:
        pytest.skip(f"this user may not mount a disk: {done.stderr.strip()}")
