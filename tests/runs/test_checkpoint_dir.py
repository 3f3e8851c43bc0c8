"""A folder of checkpoints: which stay, which go, and what of killed writers and earlier runs."""

import errno
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from disks import read_only, small_disk
from rights import without_rights

from d2l.errors import CheckpointError
from d2l.files.atomic_write import RETRY_PAUSES
from d2l.runs.checkpoint_dir import (
    CheckpointDir,
    newest_in,
    read_checkpoint,
    replace_folder,
    write_checkpoint,
)


def fill(shelf, *steps):
    for step in steps:
        write_checkpoint(shelf.path(step), {"step": step})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def steps_in(folder):
    return [int(name[5:13]) for name in names(folder) if name.startswith("step-")]


def pid_of_a_dead_process():
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.parametrize(("keep", "left"), [(1, [30]), (2, [20, 30]), (9, [5, 10, 20, 30])])
def test_the_last_few_stay(tmp_path, keep, left):
    shelf = CheckpointDir(tmp_path, keep)
    fill(shelf, 10, 5, 30, 20)
    shelf.prune()
    assert steps_in(tmp_path) == left


def test_the_best_stays_however_old_it_is(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=2)
    for step in range(1, 8):
        fill(shelf, step)
        if step == 3:
            shelf.record_best(shelf.path(step), "val_loss", 0.25)
        shelf.prune()
    assert steps_in(tmp_path) == [3, 6, 7]
    assert shelf.best() == shelf.path(3)
    assert shelf.newest() == shelf.path(7)


def test_what_is_not_ours_is_neither_read_nor_removed(tmp_path):
    others = ["step-1.txt", "step-00000099.pt.bak", "my step-00000099.pt", "notes", ".part"]
    for name in others:
        (tmp_path / name).write_text("the reader's")
    shelf = CheckpointDir(tmp_path, keep=1)
    shelf.prepare()
    fill(shelf, 1, 2)
    shelf.prune()
    assert shelf.newest() == shelf.path(2)
    assert names(tmp_path) == sorted([*others, "step-00000002.pt"])


def test_steps_are_compared_as_numbers(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=1)
    fill(shelf, 99_999_999, 100_000_000)
    assert shelf.newest() == shelf.path(100_000_000)
    shelf.prune()
    assert names(tmp_path) == ["step-100000000.pt"]


def test_a_folder_that_is_not_there_yet_is_made(tmp_path):
    shelf = CheckpointDir(tmp_path / "runs" / "1", keep=2)
    assert (shelf.newest(), shelf.best()) == (None, None)
    shelf.prepare()
    assert shelf.archive_other_run() is None
    assert names(shelf.folder) == []


def test_what_killed_writers_left_is_cleared_and_a_living_ones_work_is_not(tmp_path):
    shelf, dead = CheckpointDir(tmp_path, keep=2), pid_of_a_dead_process()
    living = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    try:
        fill(shelf, 1)
        (tmp_path / f".step-00000002.pt.{dead}.part").write_bytes(b"half")
        (tmp_path / f".best.json.{dead}.part").write_bytes(b"{")
        (tmp_path / f".step-00000003.dcp.{dead}.part").mkdir()
        (tmp_path / f".step-00000003.dcp.{dead}.part" / "__0_0.distcp").write_bytes(b"half")
        (tmp_path / f".step-00000004.pt.{living.pid}.part").write_bytes(b"half")
        shelf.prepare()
    finally:
        living.communicate()
    assert names(tmp_path) == [f".step-00000004.pt.{living.pid}.part", "step-00000001.pt"]


def test_leftovers_are_no_checkpoints(tmp_path):
    (tmp_path / f".step-00000009.pt.{os.getpid()}.part").write_bytes(b"half")
    assert CheckpointDir(tmp_path, keep=2).newest() is None


def test_an_earlier_run_moves_aside_whole_and_reads_as_before(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=2)
    fill(shelf, 1, 2)
    shelf.record_best(shelf.path(1), "val_loss", 0.5)
    assert shelf.archive_other_run() == "earlier-1"
    assert names(tmp_path) == ["earlier-1"]
    earlier = CheckpointDir(tmp_path / "earlier-1", keep=2)
    assert earlier.best() == earlier.path(1)
    assert [read_checkpoint(earlier.path(step))["step"] for step in (1, 2)] == [1, 2]
    fill(shelf, 7)
    assert shelf.archive_other_run() == "earlier-2"
    assert (steps_in(tmp_path / "earlier-1"), steps_in(tmp_path / "earlier-2")) == ([1, 2], [7])


def test_earlier_runs_that_a_reader_removed_are_no_obstacle(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=2)
    (tmp_path / "earlier-2").mkdir()
    fill(shelf, 1)
    aside = shelf.archive_other_run()
    assert steps_in(tmp_path / aside) == [1]
    assert names(tmp_path / "earlier-2") == []


def test_a_run_that_goes_on_moves_nothing_however_its_checkpoint_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    shelf = CheckpointDir(tmp_path, keep=2)
    fill(shelf, 1, 2)
    shelf.record_best(shelf.path(1), "val_loss", 0.5)
    shelf = CheckpointDir(Path(tmp_path.name), keep=2)
    before = names(tmp_path)
    assert shelf.archive_other_run(shelf.newest().resolve()) is None
    assert names(tmp_path) == before


def test_a_run_that_goes_on_from_an_older_checkpoint_moves_the_later_ones_aside(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=1)
    fill(shelf, 1, 2, 3)
    shelf.record_best(shelf.path(3), "val_loss", 0.5)
    assert shelf.archive_other_run(shelf.path(2)) == "earlier-1"
    assert (steps_in(tmp_path), steps_in(tmp_path / "earlier-1")) == ([1, 2], [3])
    assert (shelf.best(), (tmp_path / "best.json").exists()) == (None, False)


def test_the_best_stays_when_later_checkpoints_move_aside(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=1)
    fill(shelf, 1, 2, 3)
    shelf.record_best(shelf.path(1), "val_loss", 0.5)
    shelf.archive_other_run(shelf.path(2))
    assert shelf.best() == shelf.path(1)


def test_a_damaged_note_of_an_earlier_runs_best_moves_aside_with_it(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=1)
    fill(shelf, 1)
    (tmp_path / "best.json").write_text("{")
    shelf.archive_other_run()
    assert names(tmp_path) == ["earlier-1"]
    assert names(tmp_path / "earlier-1") == ["best.json", "step-00000001.pt"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"value": 1}', '{"file": 3}', "\xff\xfe"])
def test_a_damaged_note_of_the_best_is_said_by_name(tmp_path, text):
    (tmp_path / "best.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(CheckpointError, match=r"best\.json cannot be read.*resume=PATH"):
        CheckpointDir(tmp_path, keep=2).best()


def test_a_note_of_a_best_that_is_gone_counts_as_none(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=2)
    fill(shelf, 1, 2)
    shelf.record_best(shelf.path(1), "val_loss", 0.5)
    shelf.path(1).unlink()
    assert shelf.best() is None
    shelf.prune()
    assert steps_in(tmp_path) == [2]


def test_folders_of_sharded_models_are_kept_and_go_like_files(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=2)
    for step in (1, 2, 3):
        path = shelf.path(step, ".dcp")
        path.mkdir()
        (path / "rest.pt").write_bytes(b"content")
    fill(shelf, 4)
    shelf.prune()
    assert names(tmp_path) == ["step-00000003.dcp", "step-00000004.pt"]


def test_a_folder_takes_the_place_of_an_older_one_of_its_name(tmp_path):
    old, new = tmp_path / "step-00000001.dcp", tmp_path / ".new.part"
    for folder, content in ((old, "old"), (new, "new")):
        folder.mkdir()
        (folder / content).write_text(content)
    replace_folder(new, old)
    assert names(tmp_path) == ["step-00000001.dcp"]
    assert names(old) == ["new"]


def test_the_newest_of_a_folder_or_an_error_that_names_the_folder(tmp_path):
    with pytest.raises(CheckpointError, match=re.escape(str(tmp_path))):
        newest_in(tmp_path)
    fill(CheckpointDir(tmp_path, keep=9), 3, 12, 5)
    assert newest_in(tmp_path) == tmp_path / "step-00000012.pt"


def test_a_full_disk_is_said_before_the_run_begins(tmp_path):
    shelf = CheckpointDir(tmp_path, keep=2)
    with small_disk(tmp_path, num_bytes=64 * 1024):
        fill(shelf, 1)
        (tmp_path / "others").write_bytes(bytes(60 * 1024))
        with pytest.raises(CheckpointError, match="No space left"):
            shelf.prepare()
        assert read_checkpoint(shelf.path(1))["step"] == 1
        assert names(tmp_path) == ["others", "step-00000001.pt"]


def test_a_read_only_folder_is_said_before_the_run_begins(tmp_path, open_folder):
    shelf = CheckpointDir(tmp_path / "shelf", keep=2)
    fill(shelf, 1)
    with read_only(tmp_path), pytest.raises(CheckpointError, match="Read-only file system"):
        shelf.prepare()
    assert names(shelf.folder) == ["step-00000001.pt"]
    with without_rights(open_folder), pytest.raises(CheckpointError, match="Permission denied"):
        CheckpointDir(open_folder, keep=2).prepare()
    (tmp_path / "a file").write_text("in the way")
    with pytest.raises(CheckpointError, match="could not be written"):
        CheckpointDir(tmp_path / "a file", keep=2).prepare()


REMOVALS = [(".pt", os, "unlink"), (".dcp", os, "replace"), (".dcp", shutil, "rmtree")]


@pytest.mark.parametrize(("suffix", "module", "name"), REMOVALS)
def test_a_checkpoint_that_cannot_be_removed_is_warned_of_once_and_tried_again(
    tmp_path, refuse, suffix, module, name
):
    directory = CheckpointDir(tmp_path, keep=1)

    def add(step):
        directory.path(step, suffix).mkdir() if suffix == ".dcp" else fill(directory, step)

    for step in (1, 2, 3):
        add(step)
    refuse(module, name, errno.EACCES, 2, lambda path, *_: "step-00000001" in str(path))
    with pytest.warns(RuntimeWarning, match=r"step-00000001.*could not be removed.*continues"):
        directory.prune()
    assert directory.path(3, suffix).exists()
    assert not directory.path(2, suffix).exists()
    add(4)
    directory.prune()  # refused again: a second warning would be an error
    add(5)
    directory.prune()
    assert names(tmp_path) == [directory.path(5, suffix).name]


def test_what_a_killed_run_left_and_cannot_be_removed_does_not_keep_a_run_from_beginning(
    tmp_path, refuse
):
    left = tmp_path / f".step-00000002.pt.{pid_of_a_dead_process()}.part"
    left.write_bytes(b"half")
    refuse(os, "unlink", errno.EBUSY, 1, lambda path, *_: str(path) == str(left))
    directory = CheckpointDir(tmp_path, keep=1)
    with pytest.warns(RuntimeWarning, match="could not be removed"):
        directory.prepare()
    directory.prune()
    assert names(tmp_path) == []


def test_a_note_of_the_best_that_is_refused_is_warned_of_once_and_written_later(
    tmp_path, waits, refuse
):
    directory = CheckpointDir(tmp_path, keep=1)
    fill(directory, 1)
    directory.record_best(directory.path(1), "val_loss", 0.5)
    fill(directory, 2, 3)
    attempts = 2 * (1 + len(RETRY_PAUSES))
    refuse(os, "replace", errno.EACCES, attempts, lambda _, path: str(path).endswith("best.json"))
    with pytest.warns(RuntimeWarning, match=r"best\.json could not be written.*continues"):
        directory.record_best(directory.path(2), "val_loss", 0.25)
    assert directory.best() == directory.path(2)
    directory.prune()  # refused again: a second warning would be an error
    assert steps_in(tmp_path) == [1, 2, 3]  # on the disk the first is the best yet
    assert CheckpointDir(tmp_path, keep=1).best() == directory.path(1)
    directory.prune()
    assert CheckpointDir(tmp_path, keep=1).best() == directory.path(2)
    assert steps_in(tmp_path) == [2, 3]


def test_nothing_is_removed_while_the_best_is_unknown(tmp_path, refuse):
    directory = CheckpointDir(tmp_path, keep=1)
    fill(directory, 1, 2, 3)
    directory.record_best(directory.path(1), "val_loss", 0.5)
    refuse(io, "open", errno.EIO, 1, lambda path, *_: str(path).endswith("best.json"))
    with pytest.warns(RuntimeWarning, match=r"could not be removed: .*best\.json cannot be read"):
        directory.prune()
    assert steps_in(tmp_path) == [1, 2, 3]
    directory.prune()
    assert steps_in(tmp_path) == [1, 3]


def test_a_full_disk_at_the_note_of_the_best_is_an_error(tmp_path, refuse):
    directory = CheckpointDir(tmp_path, keep=1)
    fill(directory, 1)
    refuse(os, "replace", errno.ENOSPC, 1)
    with pytest.raises(CheckpointError, match="No space left"):
        directory.record_best(directory.path(1), "val_loss", 0.5)


def test_checkpoints_move_aside_and_folders_are_replaced_in_spite_of_a_refusal(
    tmp_path, waits, refuse
):
    directory = CheckpointDir(tmp_path, keep=1)
    fill(directory, 1, 2)
    refuse(os, "replace", errno.EACCES, 1)
    assert directory.archive_other_run() == "earlier-1"
    assert steps_in(tmp_path / "earlier-1") == [1, 2]
    (tmp_path / "new").mkdir()
    (tmp_path / "old").mkdir()
    refuse(os, "replace", errno.EBUSY, 2)
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert names(tmp_path) == ["earlier-1", "old"]
    assert len(waits) == 3
