"""`d2l run` from the outside: what it prints, what it leaves, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from bs4 import BeautifulSoup

GOOD = """# %% [markdown]
# # A *good* notebook
# %%
lr = 0.1
import beside
# %%
print(lr, beside.x)
"""
BAD = "# %%\nprint('before')\n\n# %%\nhalf = 1 / 0\n\n# %%\nprint('after')\n"


@pytest.fixture
def write(tmp_path):
    def file(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        return path

    return file


@pytest.mark.slow
def test_notebooks_of_each_kind_leave_notebooks_pages_and_records(d2l_command, write, tmp_path):
    good, bad = write("it's mine/좋은 'hw'.py", GOOD), write("a/좋은 'hw'.py", BAD)
    write("it's mine/beside.py", "x = 'seen'")
    unread = [write("r.ipynb", '{"cells": ['), write("empty.ipynb", ""), tmp_path / "nowhere.md"]
    out = tmp_path / "out"
    status, said, complaints = d2l_command(
        "run", good, *unread, bad, good, "--out", out, "--set", "lr=[0.5]", "--set", "name=a=b",
        "--timeout", "60",
    )  # fmt: skip
    assert status == 1
    assert said.startswith("isolation: ")
    assert [line.split()[1:3] for line in said.splitlines() if line.startswith("  cell")] == [
        ["1/2", "ok"], ["2/2", "ok"], ["1/3", "ok"], ["2/3", "error"]
    ]  # fmt: skip
    assert "ZeroDivisionError: division by zero" in said
    assert "\x1b" not in said
    assert said.splitlines()[-1] == f"5 run, 4 failed; in {out}"
    assert [line.partition("cannot be read")[1] for line in complaints.splitlines()] == [
        "cannot be read"
    ] * 3
    names = {path.name for path in out.iterdir()}
    stems = ("좋은 'hw'", "좋은 'hw'-2")
    assert names == {stem + suffix for stem in stems for suffix in (".ipynb", ".html", ".run.json")}
    first, second = (json.loads((out / f"{stem}.run.json").read_text("utf-8")) for stem in stems)
    assert first["status"] == "ok"
    assert [cell["status"] for cell in first["cells"]] == ["ok", "ok"]
    assert all(cell["seconds"] > 0 and cell["peak_memory"] > 10**7 for cell in first["cells"])
    assert first["set"] == [
        {"name": "lr", "value": [0.5], "after_cell": 1},
        {"name": "name", "value": "a=b", "after_cell": None},
    ]
    assert first["limits"]["seconds"] == 60
    assert first["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert [cell["status"] for cell in second["cells"]] == ["ok", "error", "not run"]
    assert second["reason"] == "code cell 2: ZeroDivisionError: division by zero"
    notebook = nbformat.read(out / f"{stems[0]}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[2].outputs[0].text == "[0.5] seen\n"
    page = (out / f"{stems[0]}.html").read_text("utf-8")
    assert BeautifulSoup(page, "html.parser").h1.text == "A good notebook"


def test_cells_after_a_failure_run_where_that_is_asked_for(d2l_command, write, tmp_path):
    path = write("bad.py", BAD)
    status, said, _ = d2l_command("run", path, "--out", tmp_path / "out", "--keep-going")
    assert status == 1
    assert [line.split()[2] for line in said.splitlines() if line.startswith("  cell")] == [
        "ok", "error", "ok"
    ]  # fmt: skip


def test_bad_requests_end_in_one_line(d2l_command, write, tmp_path, monkeypatch):
    own = write("own.ipynb", nbformat.writes(nbformat.v4.new_notebook()))
    before = own.read_text()
    for arguments, expected, complaint in [
        ([own, "--out", tmp_path], 1, "would overwrite its own source"),
        ([own, "--set", "lr"], 2, "'lr' is not NAME=VALUE"),
        ([own, "--set", "1=2"], 2, "is not NAME=VALUE"),
        ([own, "--isolation", "none", "--require", "container"], 1, "container"),
    ]:
        status, _, said = d2l_command("run", *arguments)
        assert (status, complaint in said) == (expected, True), said
    assert own.read_text() == before
    monkeypatch.setitem(sys.modules, "nh3", None)
    status, _, said = d2l_command("run", own)
    assert status == 1
    assert "notebooks require nh3" in said


def test_reading_a_notebook_makes_no_parser_of_addresses(write):
    command = [sys.executable, "-X", "importtime", "-m", "d2l", "run", write("own.ipynb", "{")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "jsonschema._format" in loaded
    assert "lark" not in loaded


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_interrupt_leaves_what_was_done_and_no_process(write, tmp_path):
    mark = f"d2l-run-{os.getpid()}"
    slow = write("slow.py", f"# %%\nprint('done')\n# %%\n!sleep 601; echo {mark}\n# %%\n1\n")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "d2l", "run", slow, "--out", out]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        while "cell     1/3  ok" not in running.stdout.readline():
            assert running.poll() is None
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate(timeout=300)  # the cell would sleep for longer
    finally:
        running.kill()
    assert running.returncode == 130
    assert complaint == f"d2l: interrupted; 0 of 1 notebooks finished, in {out}\n"
    record = json.loads((out / "slow.run.json").read_text())
    assert (record["status"], record["reason"]) == ("stopped", "interrupted")
    assert [cell["status"] for cell in record["cells"]] == ["ok", "not run", "not run"]
    notebook = nbformat.read(out / "slow.ipynb", as_version=4)
    assert notebook.cells[0].outputs[0].text == "done\n"
    assert (out / "slow.html").exists()
    if sys.platform == "linux":
        assert mark not in command_lines()


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
def test_streams_that_the_caller_closed_are_nowhere_and_not_in_the_way(write, tmp_path):
    command = [sys.executable, "-m", "d2l", "run", write("hw.py", GOOD.replace("beside", "os"))]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command, "--out", tmp_path / "out"],
        timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 1  # os.x is not there
    assert json.loads((tmp_path / "out" / "hw.run.json").read_text())["status"] == "error"


def command_lines():
    lines = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", "rb") as file:
                lines.append(file.read().decode(errors="replace"))
        except OSError:  # it has ended
            continue
    return "\n".join(lines)
