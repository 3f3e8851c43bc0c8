"""Which files next to a notebook go into its sandbox: all that are its own, or none if many."""

import pytest

from d2l.grader.sandbox import sandbox_run
from d2l.grader.sandbox.sandbox_run import sibling_files


@pytest.fixture
def notebook(tmp_path):
    for name in (
        "hw.ipynb", "note.txt", "data/a b.csv", ".env", ".git/config", "__pycache__/x.pyc",
        "venv/pyvenv.cfg", "venv/lib/x.py", "out/hw.html",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(name)
    (tmp_path / "link").symlink_to(tmp_path / ".env")
    return tmp_path / "hw.ipynb"


def test_hidden_files_environments_links_and_results_stay_outside(notebook):
    with sibling_files(notebook, notebook.parent / "out") as found:
        folder = found.folder
        names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert names == {"hw.ipynb", "note.txt", "data/a b.csv"}
        assert (folder / "data" / "a b.csv").read_text() == "data/a b.csv"
        assert found.problem == ""
    assert not folder.exists()


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 2), ("MAX_BYTES", 20)])
def test_too_many_files_are_left_where_they_are_and_named(notebook, monkeypatch, limit, value):
    monkeypatch.setattr(sandbox_run, limit, value)
    with sibling_files(notebook, notebook.parent / "out") as found:
        assert found.folder is None
        assert "runs without them" in found.problem
