"""Which folder a run gets: no run writes over another, a resumed one finds its own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from rights import without_rights

from d2l.errors import DataError
from d2l.runs.records import RunRecord
from d2l.runs.run_folder import folder_for


def run(run_dir, points, resumed=False):
    folder = folder_for(run_dir, resumed)
    RunRecord(folder).begin({"model": "M"}, points)
    return folder


def test_a_first_run_gets_the_folder_itself_and_later_ones_numbered_ones(tmp_path):
    run_dir = tmp_path / "실행 1" / "mlp"
    names = [run(run_dir, {}).relative_to(run_dir).as_posix() for _ in range(3)]
    assert names == [".", "version-2", "version-3"]


def test_a_folder_with_other_files_in_it_is_taken(tmp_path):
    (tmp_path / "step-00000005.pt").write_bytes(b"a checkpoint")
    assert folder_for(tmp_path, resumed=False) == tmp_path


def test_runs_that_begin_at_one_moment_get_different_folders(tmp_path):
    start = Barrier(8)

    def take(run_dir):
        start.wait()
        return folder_for(run_dir, resumed=False)

    with ThreadPoolExecutor(8) as pool:
        for i in range(30):
            assert len(set(pool.map(take, [tmp_path / f"{i}"] * 8))) == 8


def test_a_resumed_run_gets_the_folder_of_its_own_points(tmp_path):
    mine = {"loss": [(0.0, 1.0), (1.0, float("nan"))]}
    first = run(tmp_path, {"loss": [*mine["loss"], (2.0, 0.25)]})
    second = run(tmp_path, {"loss": [(0.0, 9.0)]})
    assert folder_for(tmp_path, resumed=True, points=mine) == first
    assert folder_for(tmp_path, resumed=True, points={"loss": [(0.0, 9.0)]}) == second
    assert folder_for(tmp_path, resumed=True, points={}) == second


def test_a_resumed_run_whose_points_are_nowhere_gets_a_new_folder(tmp_path):
    assert folder_for(tmp_path / "new", resumed=True) == tmp_path / "new"
    run(tmp_path, {"loss": [(0.0, 9.0)]})
    elsewhere = folder_for(tmp_path, resumed=True, points={"loss": [(0.0, 1.0)]})
    assert elsewhere == tmp_path / "version-2"


def test_a_damaged_record_is_not_gone_on_with(tmp_path):
    run(tmp_path, {"loss": [(0.0, 1.0)]})
    (tmp_path / "metrics.csv").write_text("something else\n")
    points = {"loss": [(0.0, 1.0)]}
    assert folder_for(tmp_path, resumed=True, points=points) == tmp_path / "version-2"


def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"file/run cannot be written \(Not a directory\)"):
        folder_for(tmp_path / "file" / "run", resumed=False)


def test_a_folder_without_rights_is_named_with_the_reason(open_folder):
    with without_rights(open_folder), pytest.raises(DataError, match="Permission denied"):
        folder_for(open_folder / "run", resumed=False)
