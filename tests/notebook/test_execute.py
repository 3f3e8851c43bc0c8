"""Running notebooks in real kernels: what is kept, what is reported, what is left behind."""

import json
import os
import sys
import time
from pathlib import Path

import nbformat
import pytest
from rich.text import Text

import d2l
from d2l.notebook.execute import announces_failure, code_cells, run_notebook
from d2l.notebook.kernel import KernelStartError


def notebook_of(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_a_run_fills_in_the_outputs_and_reports_each_cell_with_its_seconds(tmp_path):
    notebook = notebook_of("import time; time.sleep(0.3); 6 * 7", "", "print('a', 'b')", "1 / 0")
    notebook.cells[3].metadata["tags"] = ["raises-exception"]  # announced, so no failure
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("words"))
    seen = []
    start = time.perf_counter()
    run = run_notebook(notebook, tmp_path, on_cell=seen.append)
    assert time.perf_counter() - start >= run.seconds > seen[0].seconds > 0.3
    assert run.failure is None
    assert [cell.index for cell in seen] == code_cells(notebook) == [0, 3, 4]
    assert run.cells == seen
    assert notebook.cells[0].outputs[0].data["text/plain"] == "42"
    assert printed(notebook.cells[3]) == "a b\n"
    nbformat.validate(notebook)


def test_the_tag_of_a_cell_that_may_fail_counts_in_trusted_notebooks_alone():
    tagged = {"tags": ["raises-exception"]}
    assert announces_failure(tagged, trusted=True)
    assert not announces_failure(tagged)
    assert not announces_failure({"tags": "raises-exception"}, trusted=True)


def test_a_failing_cell_ends_the_run_and_what_ran_is_kept(tmp_path):
    notebook = notebook_of("print('kept')", "1 / 0", "open('after', 'w')")
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="of an earlier run")]
    run = run_notebook(notebook, tmp_path)
    assert run.failure.status == "error"
    assert run.failure.index == 1
    assert run.failure.message == "ZeroDivisionError: division by zero"
    assert "----> 1 1 / 0" in Text.from_ansi(run.failure.traceback).plain
    assert printed(notebook.cells[0]) == "kept\n"
    assert notebook.cells[1].outputs[0].ename == "ZeroDivisionError"
    assert notebook.cells[2].outputs == []
    assert not (tmp_path / "after").exists()
    nbformat.validate(notebook)


def test_a_cell_over_its_time_is_stopped_and_its_kernel_is_ended(tmp_path):
    notebook = notebook_of(
        "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)", "print('never')"
    )
    run = run_notebook(notebook, tmp_path, cell_timeout=1)
    assert (run.failure.status, run.failure.index) == ("timeout", 0)
    assert run.failure.message == "stopped: timed out after 1 s"
    assert not is_alive(int(printed(notebook.cells[0])))
    assert notebook.cells[0].outputs[-1].output_type == "error"
    nbformat.validate(notebook)


def test_the_death_of_a_kernel_is_reported_as_such(tmp_path):
    notebook = notebook_of("import os; os._exit(3)", "print('never')")
    run = run_notebook(notebook, tmp_path, cell_timeout=30)
    assert (run.failure.status, run.failure.index) == ("died", 0)
    assert "kernel died" in notebook.cells[0].outputs[-1].evalue
    nbformat.validate(notebook)


def test_the_kernel_is_this_python_with_this_d2l_whatever_is_registered(tmp_path, monkeypatch):
    registered = tmp_path / "kernels" / "python3"
    registered.mkdir(parents=True)
    spec = {"argv": ["false", "{connection_file}"], "display_name": "", "language": "python"}
    (registered / "kernel.json").write_text(json.dumps(spec))
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "a.py").write_text("print = None")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    notebook = notebook_of(
        "import os, sys, d2l, matplotlib",
        "print(sys.executable, d2l.__file__, os.getcwd(), matplotlib.get_backend(), sep='\\n')",
    )
    work = tmp_path / "work"
    work.mkdir()
    assert run_notebook(notebook, work).failure is None
    executable, package, folder, backend = printed(notebook.cells[1]).split()
    assert executable == sys.executable
    assert Path(package) == Path(d2l.__file__)
    assert Path(folder) == work.resolve()
    assert "inline" in backend


def test_a_kernel_that_cannot_start_says_what_it_said(tmp_path, monkeypatch):
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('no kernel today')")
    (tmp_path / "random.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(KernelStartError, match=r"no kernel today.*Rename random\.$"):
        run_notebook(notebook_of("1"), tmp_path)


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
