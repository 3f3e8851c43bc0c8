"""A file is there whole or not at all: full disks, read-only folders, writers that are killed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from disks import no_file_longer_than, read_only, small_disk
from rights import without_rights

from d2l.errors import CheckpointError
from d2l.runs.files import is_left_behind, temporary_name, write_whole

OLD, NEW = b"old" * 1000, b"new" * 30_000


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_gets_its_name_with_all_its_content(tmp_path):
    path = tmp_path / "a folder" / "nobody made" / "체크포인트.pt"
    write_whole(path, lambda file: file.write(NEW))
    assert path.read_bytes() == NEW
    assert names(path.parent) == [path.name]


def test_while_it_is_written_the_file_is_what_it_was(tmp_path):
    path, seen = tmp_path / "run.pt", []
    path.write_bytes(OLD)

    def write(file):
        file.write(NEW)
        file.flush()
        seen.append(path.read_bytes())

    write_whole(path, write)
    assert seen == [OLD]
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), RuntimeError("a writer's")])
def test_a_writer_that_fails_leaves_the_file_as_it_was(tmp_path, error):
    path = tmp_path / "run.pt"
    path.write_bytes(OLD)

    def write(file):
        file.write(NEW)
        raise error

    words = "Input/output error|a writer's"
    with pytest.raises(CheckpointError, match=f"({words}).*what was there before is untouched"):
        write_whole(path, write)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["run.pt"]


def test_an_interrupted_writer_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(OLD)

    def write(file):
        file.write(NEW)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, write)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["run.pt"]


def test_a_full_disk_is_said_and_costs_neither_the_old_file_nor_room(tmp_path):
    with small_disk(tmp_path, num_bytes=64 * 1024):
        path = tmp_path / "run.pt"
        write_whole(path, lambda file: file.write(OLD))
        with pytest.raises(CheckpointError, match=r"No space left.*untouched\. Make room"):
            write_whole(path, lambda file: file.write(NEW))
        assert path.read_bytes() == OLD
        assert names(tmp_path) == ["run.pt"]
        write_whole(tmp_path / "second.pt", lambda file: file.write(OLD))


def test_a_first_file_that_does_not_fit_leaves_nothing(tmp_path):
    path = tmp_path / "run.pt"
    with (
        no_file_longer_than(50_000),
        pytest.raises(CheckpointError, match=r"File too large.*nothing was left there"),
    ):
        write_whole(path, lambda file: file.write(NEW))
    assert names(tmp_path) == []


def test_a_read_only_disk_is_said_and_keeps_its_file(tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(OLD)
    with read_only(tmp_path), pytest.raises(CheckpointError, match="Read-only file system"):
        write_whole(path, lambda file: file.write(NEW))
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["run.pt"]


def test_a_folder_without_rights_is_said(open_folder):
    path = open_folder / "run.pt"
    path.write_bytes(OLD)
    with without_rights(open_folder), pytest.raises(CheckpointError, match="Permission denied"):
        write_whole(path, lambda file: file.write(NEW))
    assert path.read_bytes() == OLD


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    (tmp_path / "runs").write_text("a note")
    with pytest.raises(CheckpointError, match=re.escape("run.pt could not be written")):
        write_whole(tmp_path / "runs" / "run.pt", lambda file: file.write(NEW))
    assert (tmp_path / "runs").read_text() == "a note"


def test_a_folder_where_the_file_should_be_is_said_and_stays(tmp_path):
    path = tmp_path / "run.pt"
    path.mkdir()
    (path / "inside").write_bytes(OLD)
    with pytest.raises(CheckpointError, match="Is a directory"):
        write_whole(path, lambda file: file.write(NEW))
    assert names(path) == ["inside"]
    assert names(tmp_path) == ["run.pt"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
def test_a_place_where_nobody_can_write_is_said():
    with pytest.raises(CheckpointError, match="could not be written"):
        write_whole(Path("/proc/d2l/run.pt"), lambda file: file.write(NEW))


def test_files_of_dead_writers_are_left_behind_and_those_of_living_ones_are_not(tmp_path):
    child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    name = temporary_name(tmp_path / "run.pt").name.replace(str(os.getpid()), str(child.pid))
    assert not is_left_behind(tmp_path / name)
    child.kill()
    child.communicate()
    assert is_left_behind(tmp_path / name)


@pytest.mark.parametrize("name", ["run.pt", "run.part", ".hidden", ".run.pt.x.part", ".part"])
def test_files_of_the_readers_are_never_left_behind(tmp_path, name):
    assert not is_left_behind(tmp_path / name)
