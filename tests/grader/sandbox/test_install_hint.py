"""What is missing for isolation is named, with the command that installs it on each system."""

import pytest

from d2l.grader.sandbox import bubblewrap
from d2l.grader.sandbox.bubblewrap import what_is_missing


@pytest.mark.parametrize(
    ("system", "release", "hint"),
    [
        ("Linux", 'ID=debian\nVERSION_ID="12"', "sudo apt install bubblewrap util-linux tar"),
        ("Linux", "ID=ubuntu\nID_LIKE=debian", "sudo apt install bubblewrap"),
        ("Linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"', "sudo dnf install bubblewrap"),
        ("Linux", 'ID="opensuse-leap"\nID_LIKE="suse opensuse"', "sudo zypper install"),
        ("Linux", "ID=unheard-of", "with your system's package manager"),
        ("Linux", "", "with your system's package manager"),
        ("Darwin", "", "brew install podman"),
        ("Windows", "", "wsl --install"),
    ],
)
def test_each_system_gets_one_command(system, release, hint):
    assert hint in bubblewrap.install_hint(system, release)


def test_other_systems_than_linux_are_named():
    assert what_is_missing("Windows") == "bubblewrap requires Linux, but this is Windows"
    assert what_is_missing("Darwin") == "bubblewrap requires Linux, but this is Darwin"


def test_what_is_not_installed_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert what_is_missing("Linux") == "not installed: bubblewrap, util-linux, tar"


def test_a_bubblewrap_that_is_too_old_is_named(monkeypatch, tmp_path):
    for name in bubblewrap.NEEDED:
        (tmp_path / name).write_text("#!/bin/sh\necho bubblewrap 0.4.1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    bubblewrap.bubblewrap_version.cache_clear()
    try:
        assert what_is_missing("Linux") == "bubblewrap 0.8 or newer is required, found 0.4.1"
    finally:
        bubblewrap.bubblewrap_version.cache_clear()
