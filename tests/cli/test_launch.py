"""`d2l launch` from the outside: what it starts, what it says, how it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from d2l.cli.main import main
from d2l.scale.launch import Launch, num_cores

CELLS = (
    "%matplotlib inline\nimport os, pathlib, sys, time, helper",
    "said = [os.environ['RANK'], helper.two, os.environ['OMP_NUM_THREADS'], *sys.argv[1:]]\n"
    "print(' '.join(map(str, said)) + '\\n', end='', flush=True)\n"  # in one piece: one pipe
    "made = pathlib.Path(os.environ['TMPDIR'])\n"
    "(made / ('printed' + said[0])).touch()\n"
    "while len(list(made.glob('printed*'))) < 2:\n"  # an error ends the other process
    "    time.sleep(0.01)",
    "if True:\n    1 / 0",
)
WAITS = """
import os, pathlib, sys, time
pathlib.Path(sys.argv[1], os.environ["RANK"]).write_text(str(os.getpid()))
time.sleep(600)
"""


@pytest.fixture
def complaint(monkeypatch, capsys):
    """The status and the words with which `d2l launch` refuses these arguments."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["d2l", "launch", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return call


@pytest.fixture
def started(tmp_path):
    """Start `d2l launch` as a program of its own, whose scripts lie in the folder `made`."""
    (tmp_path / "made").mkdir()

    def call(*arguments):
        variables = os.environ | {"TMPDIR": str(tmp_path / "made")}
        variables.pop("OMP_NUM_THREADS", None)
        return subprocess.Popen(
            [sys.executable, "-m", "d2l", "launch", *map(str, arguments)],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return call


def test_a_notebook_runs_in_two_processes_and_its_error_names_the_cell(started, tmp_path):
    (tmp_path / "helper.py").write_text("two = 2")
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "my own.ipynb")
    launched = started(tmp_path / "my own.ipynb", "--devices", 2, "--", "--lr", "0.1")
    out, err = launched.communicate(timeout=900)
    threads = max(1, num_cores() // 2)
    assert launched.returncode == 1
    first, command, *printed = out.splitlines()
    assert first == f"{num_cores()} cores, 2 processes: OMP_NUM_THREADS={threads} for each"
    assert command.startswith(
        f"OMP_NUM_THREADS={threads} torchrun --standalone --nproc-per-node 2 '{tmp_path}/made/"
    )
    assert command.endswith("/my own.py' --lr 0.1")
    assert sorted(printed) == [f"{rank} 2 {threads} --lr 0.1" for rank in (0, 1)]
    assert "ZeroDivisionError: division by zero\nIn my own.ipynb: cell 3, line 2.\n" in err
    assert err.splitlines()[-1].endswith("exited with status 1 (see its output above)")
    assert not list((tmp_path / "made").glob("d2l-launch-*"))


def test_the_status_of_a_script_is_passed_on(started, tmp_path):
    (tmp_path / "train.py").write_text("import sys\nsys.exit(7)")
    launched = started(tmp_path / "train.py", "--devices", 1)
    out, err = launched.communicate(timeout=900)
    assert launched.returncode == 7
    assert "process 0 exited with status 7" in err
    assert out.splitlines()[-1].endswith(f"--nproc-per-node 1 {tmp_path}/train.py")


def test_a_signal_reaches_every_process(started, tmp_path):
    (tmp_path / "train.py").write_text(WAITS)
    launched = started(tmp_path / "train.py", "--devices", 2, "--", tmp_path)
    numbers = [tmp_path / "0", tmp_path / "1"]
    deadline = time.monotonic() + 900
    while not all(path.exists() and path.read_text() for path in numbers):
        assert time.monotonic() < deadline
        assert launched.poll() is None, launched.communicate()[1]
        time.sleep(0.05)
    launched.send_signal(signal.SIGTERM)
    launched.communicate(timeout=300)  # each process would sleep for longer
    assert launched.returncode == 128 + signal.SIGTERM
    for path in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.read_text()), 0)


def test_what_cannot_be_launched_is_said_in_words(complaint, tmp_path):
    script, in_r = tmp_path / "train.py", tmp_path / "own.ipynb"
    script.touch()
    kernel = {"name": "ir", "display_name": "R", "language": "R"}
    nbformat.write(nbformat.v4.new_notebook(metadata={"kernelspec": kernel}), in_r)
    in_capitals = in_r.rename(tmp_path / "OWN.IPYNB")
    in_r.write_bytes(in_capitals.read_bytes())
    for arguments, status, words in [
        ([tmp_path / "none.py", "--devices", 2], 2, "none.py' does not exist"),
        ([script], 2, "Missing option '--devices'"),
        ([script, "--devices", 0], 2, "0 is not in the range x>=1"),
        ([in_r, "--devices", 2], 1, "own.ipynb is a notebook in R"),
        ([in_capitals, "--devices", 2], 1, "OWN.IPYNB is a notebook in R"),
        (
            [script, "--devices", 2, "--nodes", 2],
            1,
            "--rendezvous HOST:PORT, an address",
        ),
        (
            [script, "--devices", 2, "--nodes", 2, "--rendezvous", "10.0.0.1"],
            1,
            "found 10.0.0.1. E.g. --rendezvous 10.0.0.1:29500",
        ),
        (
            [script, "--devices", 2, "--node-rank", 1],
            1,
            "in 0..0; found --node-rank 1",
        ),
    ]:
        found, said = complaint(*arguments)
        assert found == status, said
        assert words in said


def test_what_torchrun_is_told_is_what_was_asked_for(monkeypatch):
    four = Launch(8, nodes=4, node_rank=3, rendezvous="10.0.0.1:29500", max_restarts=3)
    monkeypatch.setenv("OMP_NUM_THREADS", "6")
    assert four.describe(Path("train.py"), ["a b"]) == (
        "OMP_NUM_THREADS=6 torchrun --nproc-per-node 8 --nnodes 4 --node-rank 3 "
        "--master-addr 10.0.0.1 --master-port 29500 --max-restarts 3 train.py 'a b'"
    )
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert Launch(1).num_threads() == num_cores()
    assert Launch(10 * num_cores()).num_threads() == 1
