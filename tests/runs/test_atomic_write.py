"""A file is there whole or not at all: full disks, read-only folders, writers that are killed."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from disks import no_file_longer_than, read_only, small_disk
from rights import without_rights

from d2l.errors import CheckpointError, CheckpointUnavailableError
from d2l.files.atomic_write import atomic_write, is_stale_temporary, rename, temporary_name

OLD, NEW = b"old" * 1000, b"new" * 30_000


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_gets_its_name_with_all_its_content(tmp_path):
    path = tmp_path / "a folder" / "nobody made" / "체크포인트.pt"
    atomic_write(path, lambda file: file.write(NEW))
    assert path.read_bytes() == NEW
    assert names(path.parent) == [path.name]


def test_while_it_is_written_the_file_is_what_it_was(tmp_path):
    path, seen = tmp_path / "run.pt", []
    path.write_bytes(OLD)

    def write(file):
        file.write(NEW)
        file.flush()
        seen.append(path.read_bytes())

    atomic_write(path, write)
    assert seen == [OLD]
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), RuntimeError("a writer's")])
def test_a_writer_that_fails_leaves_the_file_as_it_was(tmp_path, error, waits):
    path = tmp_path / "run.pt"
    path.write_bytes(OLD)

    def write(file):
        file.write(NEW)
        raise error

    words = "Input/output error|a writer's"
    with pytest.raises(CheckpointError, match=f"({words}).*the previous version is unchanged"):
        atomic_write(path, write)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["run.pt"]


def test_an_interrupted_writer_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(OLD)

    def write(file):
        file.write(NEW)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic_write(path, write)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["run.pt"]


def test_a_full_disk_is_said_and_costs_neither_the_old_file_nor_room(tmp_path):
    with small_disk(tmp_path, num_bytes=64 * 1024):
        path = tmp_path / "run.pt"
        atomic_write(path, lambda file: file.write(OLD))
        with pytest.raises(CheckpointError, match=r"No space left.*unchanged\. Free disk space"):
            atomic_write(path, lambda file: file.write(NEW))
        assert path.read_bytes() == OLD
        assert names(tmp_path) == ["run.pt"]
        atomic_write(tmp_path / "second.pt", lambda file: file.write(OLD))


def test_a_first_file_that_does_not_fit_leaves_nothing(tmp_path):
    path = tmp_path / "run.pt"
    with (
        no_file_longer_than(50_000),
        pytest.raises(CheckpointError, match=r"File too large.*no file was left behind"),
    ):
        atomic_write(path, lambda file: file.write(NEW))
    assert names(tmp_path) == []


def test_a_read_only_disk_is_said_and_keeps_its_file(tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(OLD)
    with read_only(tmp_path), pytest.raises(CheckpointError, match="Read-only file system"):
        atomic_write(path, lambda file: file.write(NEW))
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["run.pt"]


def test_a_folder_without_rights_is_said(open_folder):
    path = open_folder / "run.pt"
    path.write_bytes(OLD)
    with without_rights(open_folder), pytest.raises(CheckpointError, match="Permission denied"):
        atomic_write(path, lambda file: file.write(NEW))
    assert path.read_bytes() == OLD


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    (tmp_path / "runs").write_text("a note")
    with pytest.raises(CheckpointError, match=re.escape("run.pt could not be written")):
        atomic_write(tmp_path / "runs" / "run.pt", lambda file: file.write(NEW))
    assert (tmp_path / "runs").read_text() == "a note"


def test_a_folder_where_the_file_should_be_is_said_and_stays(tmp_path):
    path = tmp_path / "run.pt"
    path.mkdir()
    (path / "inside").write_bytes(OLD)
    with pytest.raises(CheckpointError, match="Is a directory"):
        atomic_write(path, lambda file: file.write(NEW))
    assert names(path) == ["inside"]
    assert names(tmp_path) == ["run.pt"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
def test_a_place_where_nobody_can_write_is_said():
    with pytest.raises(CheckpointError, match="could not be written"):
        atomic_write(Path("/proc/d2l/run.pt"), lambda file: file.write(NEW))


MAY_PASS = ["EACCES", "EPERM", "EBUSY", "EAGAIN", "EIO", "ENOTCONN", "ESTALE", "ETIMEDOUT"]


@pytest.mark.parametrize("name", MAY_PASS)
def test_a_rename_that_is_refused_for_a_moment_is_tried_again(tmp_path, waits, refuse, name):
    path, num_written = tmp_path / "run.pt", []
    path.write_bytes(OLD)
    refuse(os, "replace", getattr(errno, name), times=3)

    def write(file):
        num_written.append(file.write(NEW))

    atomic_write(path, write)
    assert path.read_bytes() == NEW
    assert names(tmp_path) == ["run.pt"]
    assert num_written == [len(NEW)]  # a virus scanner looks at every new file anew
    assert len(waits) == 3


@pytest.mark.parametrize("name", MAY_PASS)
def test_a_disk_that_does_not_take_a_file_for_a_moment_is_tried_again(
    tmp_path, waits, refuse, name
):
    path = tmp_path / "run.pt"
    refuse(os, "fsync", getattr(errno, name), times=2)
    atomic_write(path, lambda file: file.write(NEW))
    assert path.read_bytes() == NEW
    assert len(waits) == 2


def test_a_refusal_that_pytorch_reports_in_its_own_words_is_tried_again(tmp_path, waits, refuse):
    path = tmp_path / "run.pt"

    def write(file):
        try:
            os.truncate(file.fileno(), 0)
            file.write(NEW)
        except OSError:
            raise RuntimeError("a writer's") from None

    refuse(os, "truncate", errno.EIO, times=1)
    atomic_write(path, write)
    assert path.read_bytes() == NEW
    assert len(waits) == 1


def test_a_refusal_that_lasts_is_told_apart_after_five_seconds(tmp_path, waits, refuse):
    path = tmp_path / "run.pt"
    path.write_bytes(OLD)
    refuse(os, "replace", errno.EACCES, times=100)
    words = r"temporarily \(Permission denied\); the previous version is unchanged.*virus scanner"
    with pytest.raises(CheckpointUnavailableError, match=words):
        atomic_write(path, lambda file: file.write(NEW))
    assert waits == sorted(waits)
    assert 4 <= sum(waits) <= 5
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["run.pt"]


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EROFS", "EISDIR", "ENAMETOOLONG"])
def test_an_error_that_lasts_is_raised_at_once(tmp_path, waits, refuse, name):
    refuse(os, "replace", getattr(errno, name), times=1)
    with pytest.raises(CheckpointError) as raised:
        atomic_write(tmp_path / "run.pt", lambda file: file.write(NEW))
    assert not isinstance(raised.value, CheckpointUnavailableError)
    assert (waits, names(tmp_path)) == ([], [])


def test_missing_permissions_are_not_waited_for(open_folder, waits):
    with without_rights(open_folder), pytest.raises(CheckpointUnavailableError):
        atomic_write(open_folder / "run.pt", lambda file: file.write(NEW))
    with without_rights(open_folder), pytest.raises(CheckpointUnavailableError):
        atomic_write(open_folder / "new" / "run.pt", lambda file: file.write(NEW))
    assert waits == []


def test_a_folder_is_renamed_with_the_same_patience(tmp_path, waits, refuse):
    (tmp_path / "old").mkdir()
    refuse(os, "replace", errno.EACCES, times=2)
    rename(tmp_path / "old", tmp_path / "new")
    assert (names(tmp_path), len(waits)) == (["new"], 2)
    refuse(os, "replace", errno.EACCES, times=100)
    with pytest.raises(CheckpointUnavailableError):
        rename(tmp_path / "new", tmp_path / "old")


def test_no_signal_is_sent_to_find_out_whether_a_process_is_alive(tmp_path, monkeypatch):
    def kill(process, signal):
        raise AssertionError("on Windows this is Ctrl-C")

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr("psutil.pid_exists", lambda process: process == 123)
    assert not is_stale_temporary(tmp_path / ".run.pt.123.part")
    assert is_stale_temporary(tmp_path / ".run.pt.124.part")
    assert is_stale_temporary(tmp_path / f".run.pt.{os.getpid()}.part")


def test_files_of_dead_writers_are_left_behind_and_those_of_living_ones_are_not(tmp_path):
    child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    name = temporary_name(tmp_path / "run.pt").name.replace(str(os.getpid()), str(child.pid))
    assert not is_stale_temporary(tmp_path / name)
    child.kill()
    child.communicate()
    assert is_stale_temporary(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["run.pt", "run.part", ".hidden", ".run.pt.x.part", ".part", f".a.{10**30}.part"]
)
def test_files_of_the_readers_are_never_left_behind(tmp_path, name):
    assert not is_stale_temporary(tmp_path / name)
