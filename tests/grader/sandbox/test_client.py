"""One command in a sandbox: what goes in, what comes out, what is left, who may end it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from guards import (
    CHECKOUT,
    alive_with,
    best,
    guarded,
    limits,
    need,
    need_own_python,
    token,
    wait_until,
)

from d2l.grader.sandbox.client import run_sandboxed
from d2l.grader.sandbox.isolation import Level, SandboxConfig

pytestmark = pytest.mark.usefixtures("private_temporary_folder")


def test_bytes_go_in_and_come_out_and_the_end_is_reported(level):
    found, said = guarded(
        "import os, sys; print(sys.stdin.read()[::-1], os.path.basename(os.getcwd()))\n"
        "kept = bytearray(b'x') * 50_000_000\n"
        "import time; time.sleep(0.5)",
        level,
        stdin=b"abc",
    )
    assert said == "cba work\n"
    assert (found.status, found.reason, found.exit_code, found.error) == ("ok", "", 0, None)
    assert 50e6 < found.peak_memory < 100e6
    assert 0 < found.seconds < 100


def test_how_many_files_the_grader_has_open_does_not_matter(level):
    opened = []
    try:
        for _ in range(15):
            opened.append(os.open(os.devnull, os.O_RDONLY))
            found, said = guarded("print('here')", level)
            assert (found.status, found.reason, said) == ("ok", "", "here\n")
    finally:
        for descriptor in opened:
            os.close(descriptor)


def test_a_program_that_fails_has_died_and_the_end_of_its_complaint_is_kept(level):
    found, _ = guarded("import sys; sys.exit('a' * 3000 + 'z')", level)
    assert (found.status, found.exit_code) == ("died", 1)
    assert found.reason == "the process exited with status 1"
    assert found.stderr_tail == ("a" * 3000 + "z\n")[-2000:]


def test_twenty_million_characters_are_cut_off_at_the_limit(level):
    seen = []

    def read(pipe):
        while part := pipe.read(10_000):
            seen.append(len(part))

    found, _ = guarded("print('x' * 20_000_000); import time; time.sleep(200)", level, read=read)
    assert (found.status, found.reason) == ("output", "the output exceeded 1,048,576 bytes")
    assert sum(seen) <= 2**20
    assert found.seconds < 100


def test_a_flood_on_stderr_leaves_its_end_alone():
    found, _ = guarded(
        "import sys\nfor n in range(200): sys.stderr.write('y' * 100_000)\nprint(1)", best()
    )
    assert (found.status, found.stderr_tail) == ("ok", "y" * 2000)


def test_when_the_reader_raises_everything_is_ended_at_once():
    def read(pipe):
        raise ValueError(f"nonsense: {pipe.readline()!r}")

    found, _ = guarded("print('?', flush=True); import time; time.sleep(150)", best(), read=read)
    assert (found.status, found.reason) == ("broken", "nonsense: b'?\\n'")
    assert isinstance(found.error, ValueError)
    assert found.seconds < 100


def test_when_the_reader_is_done_the_program_has_two_seconds_to_end():
    found, _ = guarded(
        "print('all', flush=True); import time; time.sleep(150)",
        best(),
        read=lambda p: p.readline(),
    )
    assert (found.status, found.exit_code) == ("ok", None)
    assert 2 <= found.seconds < 100


def test_how_a_program_ends_is_known_though_its_last_word_was_cut_off():
    def read(pipe):
        raise ValueError(f"cut off: {pipe.read()!r}")

    ending = "import os, time; print('?', flush=True); os.close(1); time.sleep(0.5); os._exit(3)"
    found, _ = guarded(ending, need(Level.NONE), read=read)
    assert (found.status, found.exit_code) == ("died", 3)
    assert isinstance(found.error, ValueError)


def test_a_program_need_not_read_what_it_is_told():
    assert guarded("print(1)", best(), stdin=bytes(10_000_000))[0].status == "ok"


def test_a_command_that_does_not_exist_has_not_started():
    sandbox = SandboxConfig(need(Level.NONE), limits())
    found = run_sandboxed(["/no/such/program"], sandbox, b"", lambda pipe: None)
    assert found.status == "start"
    assert "/no/such/program" in found.reason


def test_files_are_copied_and_a_link_stays_a_link(level, tmp_path):
    given = tmp_path / "given"
    (given / "한글 folder").mkdir(parents=True)
    (given / "한글 folder" / "a 'b'.txt").write_text("text")
    (tmp_path / "outside").write_text("secret")
    (given / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(given / "pipe")
    source = (
        "import os\n"
        "print(sorted(os.listdir()), os.path.islink('link'))\n"
        "with open('한글 folder/a \\'b\\'.txt', 'r+') as file: print(file.read()); file.write('!')"
    )
    found, said = guarded(source, level, files=given)
    assert found.status == "ok", found.stderr_tail
    assert said == "['link', '한글 folder'] True\ntext\n"
    assert (given / "한글 folder" / "a 'b'.txt").read_text() == "text"


def test_nothing_of_the_surroundings_is_inherited(level, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/secret")
    source = (
        "import os\n"
        "print(sorted(os.listdir('/proc/self/fd'))[:-1])\n"  # the last one lists
        "print([word for word in ('SECRET', 'PYTHONPATH', 'secret') if word in str(os.environ)])\n"
        "print([os.access(os.environ[name], os.W_OK) for name in ('HOME', 'TMPDIR')])\n"
        "os.makedirs('../data/fresh')"
    )
    with tempfile.TemporaryFile() as file:
        os.set_inheritable(file.fileno(), True)
        found, said = guarded(source, level)
    assert found.status == "ok", found.stderr_tail
    assert said == "['0', '1', '2']\n[]\n[True, True]\n"


def test_runs_side_by_side_end_each_in_its_own_way(level):
    sources = [
        "import os, time; os.fork() or (os.setsid(), time.sleep(200)); time.sleep(0.5); print('a')",
        "kept = bytearray(b'x') * 600_000_000; import time; time.sleep(100)",
        "raise SystemExit(7)",
        "import time; time.sleep(1.0); print('d')",
    ]
    with ThreadPoolExecutor(len(sources)) as threads:
        ended = list(threads.map(lambda source: guarded(source, level), sources))
    assert [found.status for found, _ in ended] == ["ok", "memory", "died", "ok"]
    assert ended[0][1] == "a\n"
    assert ended[3][1] == "d\n"


def test_runs_end_with_a_grader_that_is_killed(level):
    need_own_python(level)
    word = token()
    daemon = (
        f"word = {word!r}\nimport os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', {word!r}],\n"
        "    start_new_session=True)\n"
        "time.sleep(600)"
    )
    grader = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "import nbformat\n"
        "from d2l.grader.sandbox.isolation import Level, Limits, SandboxConfig\n"
        "from d2l.grader.sandbox.job import Job\n"
        "from d2l.grader.sandbox.sandbox_run import run_in_sandbox\n"
        "cells = [nbformat.v4.new_code_cell(source) for source in ('1', sys.argv.pop(1))]\n"
        f"sandbox = SandboxConfig(Level({int(level)}), Limits(seconds=600))\n"
        "told = lambda cell: print('begun', flush=True)\n"
        "run_in_sandbox(Job(nbformat.v4.new_notebook(cells=cells)), sandbox, told)\n"
    )
    command = [sys.executable, "-c", grader, str(CHECKOUT), daemon]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        assert wait_until(lambda: len(alive_with(word)) > 1, 120)  # the grader, and the daemon
        process.kill()
        assert wait_until(lambda: [p for p, _ in alive_with(word) if p != process.pid] == [], 120)
    guarded("print(1)", level)  # removes what the other has left


def test_what_a_killed_grader_left_is_removed_by_the_next(private_temporary_folder):
    left = os.path.join(private_temporary_folder, f"d2l-sandbox-{2**22 + 1}-abc")
    os.makedirs(os.path.join(left, "sandbox", "work"))
    kept = os.path.join(private_temporary_folder, f"d2l-sandbox-{os.getpid()}-abc")
    os.mkdir(kept)
    assert guarded("print(1)", need(Level.NONE))[1] == "1\n"
    assert os.listdir(private_temporary_folder) == [os.path.basename(kept)]
    os.rmdir(kept)


# An interrupt between `open` and `with`, while the grader looks at processes, leaves a file to the
# collector, which says so.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*/proc/")
@pytest.mark.filterwarnings("ignore:unclosed file.*/proc/")
def test_an_interrupt_of_the_grader_ends_the_run_and_leaves_nothing():
    word = token()
    source = f"word = {word!r}\nprint('begun', flush=True); import time; time.sleep(150)"

    def interrupt(pipe):
        pipe.readline()
        os.kill(os.getpid(), signal.SIGINT)
        pipe.read()

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        guarded(source, need(Level.NONE), read=interrupt)
    assert time.monotonic() - start < 100
    assert alive_with(word) == []


def test_an_interrupt_while_the_threads_of_a_run_start_is_an_interrupt_like_any_other(monkeypatch):
    start = threading.Thread.start

    def start_with_interrupt(thread):
        if "_keep_tail" not in thread.name:
            return start(thread)
        threading.Timer(0.1, start, (thread,)).start()
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start_with_interrupt)
    word = token()
    source = f"word = {word!r}\nimport time; time.sleep(150)"
    with pytest.raises(KeyboardInterrupt):
        guarded(source, need(Level.NONE))
    assert alive_with(word) == []
