"""`d2l lessons` from the outside: what it prints, what it leaves, how it ends."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from bs4 import BeautifulSoup

from d2l.notebook.lesson_index import find_lessons
from d2l.notebook.source import notebook_title, read_notebook

GOOD = "# %% [markdown]\n# # A good lesson on $y$\n# It costs $x$.\n\n# %%\nprint(6 * 7)\n"
BAD = "# %%\nprint('before')\n\n# %%\nhalf = 1 / 0\n\n# %%\nprint('after')\n"


@pytest.fixture
def write(tmp_path):
    def lesson(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return lesson


def test_list_shows_each_lesson_with_its_title_in_a_line(d2l_command, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbformat", None)  # needs no notebook tools
    status, out, _ = d2l_command("lessons", "list")
    assert status == 0
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["2_1_data_manipulation", "2.1 Data manipulation"] in lines


def test_a_run_leaves_notebooks_pages_and_a_page_of_contents(d2l_command, write, tmp_path):
    out = tmp_path / "out"
    status, said, _ = d2l_command("lessons", "run", write("4_4_good.py", GOOD), "--out", out)
    assert status == 0
    assert said.split()[:3] == ["1/1", "4_4_good", "ok"]
    notebook = nbformat.read(out / "4_4_good.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[1].outputs[0].text == "42\n"
    page = BeautifulSoup((out / "4_4_good.html").read_text(encoding="utf-8"), "html.parser")
    assert page.title.text == "A good lesson on $y$"
    assert page.h1.text == "A good lesson on y"
    assert [formula.text for formula in page.find_all("math")] == ["y", "x"]
    contents = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert contents.h2.text == "Chapter 4. Linear classification"
    assert contents.find("a", href="4_4_good.html").text == "A good lesson on y"
    assert contents.find(class_="ok").text == "ok"


def test_after_a_lesson_that_fails_the_others_run_and_the_status_says_so(
    d2l_command, write, tmp_path
):
    bad, good, out = write("2_1_bad.py", BAD), write("2_2_good.py", GOOD), tmp_path / "out"
    status, said, _ = d2l_command("lessons", "run", bad, good, "--out", out)
    assert status == 1
    assert "code cell 2 failed:\nhalf = 1 / 0\n" in said
    assert "ZeroDivisionError: division by zero" in said
    assert "\x1b" not in said
    assert "2 run, 1 failed" in said
    kept = nbformat.read(out / "2_1_bad.ipynb", as_version=4)
    assert [len(cell.outputs) for cell in kept.cells] == [1, 1, 0]
    assert "failed after" in (out / "2_1_bad.html").read_text(encoding="utf-8")

    bad.write_text(BAD.replace("1 / 0", "1 / 2"))
    assert d2l_command("lessons", "run", bad, "--out", out)[0] == 0
    contents = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert [link["href"] for link in contents.find_all("a")] == ["2_1_bad.html", "2_2_good.html"]
    assert contents.find(class_="failed") is None


def test_export_writes_notebooks_that_have_not_run(d2l_command, tmp_path):
    status, said, _ = d2l_command("lessons", "export", "2.1", "--out", tmp_path)
    assert status == 0
    assert said.strip() == str(tmp_path / "2_1_data_manipulation.ipynb")
    notebook = nbformat.read(said.strip(), as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)


def test_bad_names_and_files_end_in_one_line(d2l_command, write, tmp_path):
    damaged = write("damaged.ipynb", "{")
    own = write("own.ipynb", nbformat.writes(nbformat.v4.new_notebook()))
    before = own.read_text()
    for arguments, complaint in [
        (["run", "data_manipulatin"], "Did you mean 2_1_data_manipulation"),
        (["run", damaged, "--out", tmp_path / "out"], "damaged.ipynb cannot be read"),
        (["run", own, "--out", tmp_path], "would overwrite its own source"),
        (["export", own, "--out", tmp_path], "would overwrite its own source"),
        (["export", "2.1", "--out", damaged / "below"], "Not a directory"),
    ]:
        status, _, said = d2l_command("lessons", *arguments)
        assert status == 1, arguments
        assert complaint in said
        assert said.count("\n") == 1
    assert own.read_text() == before


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda lesson: lesson.name)
def test_the_title_in_the_list_is_the_notebooks(lesson):
    assert lesson.title == notebook_title(read_notebook(lesson.path), "none")


@pytest.mark.parametrize("command", [["run", "2.1"], ["export", "2.1", "--out", "x"]])
def test_without_the_notebook_tools_each_command_but_list_names_the_extra(
    d2l_command, monkeypatch, command
):
    monkeypatch.setitem(sys.modules, "nh3", None)
    status, _, said = d2l_command("lessons", *command)
    assert status == 1
    assert "notebooks require nh3" in said
    assert said.endswith("pip install 'd2l[notebook]'\n")
    assert said.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_interrupt_ends_in_one_line_and_leaves_no_kernel(write, tmp_path):
    text = "# %%\nimport os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    out = tmp_path / "out"
    command = [sys.executable, "-m", "d2l", "lessons", "run", write("slow.py", text), "--out", out]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        kernel = int(wait_for(out / "work" / "pid"))
        running.send_signal(signal.SIGINT)
        said, complaint = running.communicate(timeout=300)  # the cell would sleep for longer
    finally:
        running.kill()
    assert running.returncode == 130
    assert said == ""
    assert complaint == f"d2l: interrupted; 0 of 1 lessons finished, in {out}\n"
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)


def wait_for(path):
    for _ in range(3000):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.1)
    raise TimeoutError(f"{path} did not appear in 300 s")
