"""`d2l check` from the outside: what it prints, what it leaves, how it ends."""

import json
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from bs4 import BeautifulSoup

REFERENCE = """# %% [markdown]
# # Draws

# %%
import random
random.seed(1)
print("draw", random.random())

# %% [markdown]
# # Sums

# %%
x = [1, 2, 3]
print("sum", sum(x))
"""
COUNTS = ("--seeds", 2, "--runs", 1)
QUICK = ("--seeds", 1, "--runs", 1)


@pytest.fixture
def write(tmp_path):
    def notebook(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return notebook


@pytest.fixture
def reference(write):
    return write("reference.py", REFERENCE)


def test_a_right_notebook_matches_and_leaves_a_record_and_a_page(
    d2l_command, write, reference, tmp_path
):
    own = write("한글 'a'.py", REFERENCE.replace("x", "numbers"))
    out = tmp_path / "out"
    status, said, _ = d2l_command("check", own, "--against", reference, *COUNTS, "--out", out)
    assert status == 0
    lines = said.splitlines()
    assert lines[0].startswith("isolation: ")
    runs = [line.split()[:3] for line in lines if line.startswith(("reference ", "submission "))]
    assert runs == [
        ["reference", "1/2", "ok"], ["reference", "2/2", "ok"], ["submission", "1/1", "ok"],
    ]  # fmt: skip
    assert ["Draws", "match", "1", "of", "1"] in [line.split() for line in lines]
    assert "full match" in lines
    record = json.loads((out / "check.json").read_text(encoding="utf-8"))
    assert record["full_match"] is True
    assert [section["heading"] for section in record["sections"]] == ["Draws", "Sums"]
    assert [run["seed_offset"] for run in record["runs"]["reference"]] == [0, 1]
    page = BeautifulSoup((out / "check.html").read_text(encoding="utf-8"), "html.parser")
    assert "한글 'a'.py" in page.h1.text


def test_what_differs_failed_or_was_pasted_is_said_with_its_section_and_cell(
    d2l_command, reference, tmp_path
):
    sources = [
        "# Draws",
        "raise OSError('\\x1b[2J\\r\\u202e')",
        "# Sums",
        "print('sum', 5)",
        "x = 1",
    ]
    cells = [
        nbformat.v4.new_markdown_cell(source)
        if source.startswith("#")
        else nbformat.v4.new_code_cell(source)
        for source in sources
    ]
    cells[4].outputs = [nbformat.v4.new_output("stream", text="sum 6\n")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "own.ipynb")
    status, said, _ = d2l_command("check", tmp_path / "own.ipynb", "--against", reference, *QUICK)
    assert status == 1
    assert not {"\x1b", "\r", "\u202e"} & set(said)
    lines = said.splitlines()
    assert ["Draws", "failed", "0", "of", "1"] in [line.split() for line in lines]
    assert ["Sums", "differs", "0", "of", "1"] in [line.split() for line in lines]
    _, _, said_of_draws = said.partition("\nDraws\n")
    said_of_draws, _, said_of_sums = said_of_draws.partition("\nSums\n")
    said_of_sums, _, said_of_stored = said_of_sums.partition("\nStored outputs\n")
    assert "failed: cell 2: " in said_of_draws
    assert "the cell raised OSError" in said_of_draws
    assert "differs: cell 4: " in said_of_sums
    assert "sum 5 where the reference has 6" in said_of_sums
    assert "missing: cell 5: " in said_of_stored
    assert said.endswith("no full match\n")


@pytest.mark.slow
def test_a_submission_that_does_not_end_is_ended_and_fails(d2l_command, write, reference):
    own = write("own.py", REFERENCE.replace("x = [", "while True: pass\nx = ["))
    status, said, _ = d2l_command("check", own, "--against", reference, *QUICK, "--timeout", 10)
    assert status == 1
    lines = [line.split() for line in said.splitlines()]
    assert ["Draws", "match", "1", "of", "1"] in lines
    assert ["Sums", "failed", "0", "of", "1"] in lines


@pytest.mark.parametrize(
    ("content", "options", "status", "complaint"),
    [
        (None, (), 2, "does not exist"),
        ("", ("--seeds", "0"), 2, "--seeds"),
        ("", ("--isolation", "walls"), 2, "--isolation"),
        ("", ("--isolation", "none", "--require", "bubblewrap"), 1, "d2l: "),
        ('{"cells": [', (), 1, "own.ipynb cannot be read as a notebook"),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_runs(
    d2l_command, write, reference, tmp_path, content, options, status, complaint
):
    own = tmp_path / "own.ipynb" if content is None else write("own.ipynb", content)
    ended, said, complaints = d2l_command("check", own, "--against", reference, *options)
    assert ended == status
    assert complaint in complaints
    assert "Traceback" not in complaints
    assert "reference 1/" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_interrupt_ends_every_run_in_one_line(write, reference, tmp_path):
    slow = write("slow.py", REFERENCE.replace("random.seed(1)", "import time; time.sleep(600)"))
    command = [sys.executable, "-m", "d2l", "check", slow, "--against", reference, *QUICK]
    running = subprocess.Popen(
        [str(word) for word in command], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        for line in running.stdout:
            if line.startswith("reference 1/1"):
                break
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate(timeout=300)  # the notebook would sleep for longer
    finally:
        running.kill()
    assert running.returncode == 130
    assert complaint == "d2l: interrupted\n"
