"""Programs that exceed each limit, at each level of isolation: ended in time and whole."""

import time

import pytest
from guards import alive_with, guarded, need, token

from d2l.grader.sandbox.isolation import Level

pytestmark = pytest.mark.usefixtures("private_temporary_folder")


def test_a_loop_that_ignores_every_signal_is_ended_at_its_time(level):
    source = (
        "import signal\n"
        "for n in (1, 2, 3, 13, 15): signal.signal(n, signal.SIG_IGN)\n"
        "print('begun', flush=True)\n"
        "while True: pass"
    )
    start = time.monotonic()
    found, said = guarded(source, level, wall_seconds=4)
    assert (found.status, found.reason, said) == ("timeout", "timed out after 4 s", "begun\n")
    assert found.exit_code is None
    assert 4 <= found.seconds <= time.monotonic() - start < 100


def test_a_memory_bomb_is_ended_when_all_processes_together_have_too_much(level):
    source = (
        "import os, time\n"
        "os.fork(); os.fork()\n"  # four processes, none of which is over the limit alone
        "kept = bytearray(b'x') * 60_000_000\n"
        "time.sleep(100)"
    )
    found, _ = guarded(source, level, memory=180_000_000)
    assert found.status == "memory"
    assert found.reason.endswith("172 MB of memory")
    assert 180e6 < found.peak_memory < 300e6


def test_memory_that_forked_processes_share_counts_once(level):
    source = (
        "import os, time\n"
        "kept = bytearray(b'x') * 80_000_000\n"
        "children = [os.fork() or time.sleep(0.7) or os._exit(0) for _ in range(4)]\n"
        "for child in children: os.wait()"
    )
    found, _ = guarded(source, level, memory=200_000_000)
    assert found.status == "ok"


def test_memory_in_files_without_a_name_counts(level):
    source = (
        "import os, time\n"
        "kept = os.memfd_create('kept')\n"
        "for _ in range(20): os.write(kept, bytes(10_000_000))\n"
        "time.sleep(100)"
    )
    found, _ = guarded(source, level, memory=100_000_000, disk=2**28)
    assert found.status == "memory"


def test_one_reach_for_far_too_much_memory_is_refused_at_once(level):
    found, said = guarded(
        "try: kept = bytearray(4 * 2**30)\nexcept MemoryError: print('refused')", level
    )
    assert (found.status, said) == ("ok", "refused\n")


def test_forking_without_end_is_ended(level):
    source = (
        "import os, time\n"
        "for n in range(200):\n"
        "    if os.fork() == 0: time.sleep(200); os._exit(0)\n"
        "time.sleep(200)"
    )
    found, _ = guarded(source, level)
    assert found.status == "processes"
    assert found.reason.endswith("more than 30 processes")
    assert found.seconds < 100


def test_children_that_fork_faster_than_one_looks_are_ended_too(level):
    word = token()
    source = (
        f"word = {word!r}\n"
        "import os, time\n"
        "end = time.time() + 15\n"  # whatever happens, they end by themselves
        "try:\n"
        "    for n in range(7): os.fork()\n"  # 128 processes
        "    while time.time() < end:\n"
        "        if os.fork(): os._exit(0)\n"  # each replaces itself by a child, for ever
        "except OSError: pass"
    )
    found, _ = guarded(source, level)
    assert found.status in {"processes", "ok"}  # "ok": the first had its turn before anyone looked
    assert alive_with(word) == []


def test_a_process_that_left_its_session_is_gone_at_the_end(level):
    word = token()
    source = (
        f"word = {word!r}\n"
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        print('daemon', flush=True); time.sleep(200)\n"
        "    os._exit(0)\n"
        "time.sleep(0.3)"
    )
    found, said = guarded(source, level)
    assert (found.status, said) == ("ok", "daemon\n")
    assert found.seconds < 100
    assert alive_with(word) == []


@pytest.mark.parametrize("number_of_files", [1, 40])
def test_a_gigabyte_on_disk_is_not_had(level, number_of_files):
    source = (
        "import time\n"
        f"files = [open(f'file{{n}}', 'wb', buffering=0) for n in range({number_of_files})]\n"
        "try:\n"
        "    for turn in range(1000):\n"  # a megabyte each
        "        files[turn % len(files)].write(bytes(2**20))\n"
        "except OSError: pass\n"
        "time.sleep(200)"
    )
    found, _ = guarded(source, level)
    assert found.status == "disk"
    assert found.reason.endswith("32 MB to disk")
    assert found.seconds < 100


def test_a_deleted_file_that_is_still_open_counts(level):
    source = (
        "import os, time\n"
        "file = open('file', 'wb', buffering=0); os.remove('file')\n"
        "try:\n"
        "    for turn in range(1000): file.write(bytes(2**20))\n"
        "except OSError: pass\n"
        "time.sleep(200)"
    )
    assert guarded(source, level)[0].status == "disk"


def test_folders_nested_a_thousand_deep_are_ended_and_removed():
    source = "import os, time\nfor n in range(1500): os.mkdir('d'); os.chdir('d')\ntime.sleep(100)"
    found, _ = guarded(source, need(Level.NONE))
    assert found.status == "disk"
    assert "nested folders too deeply" in found.reason


def test_a_folder_that_its_owner_may_not_enter_is_removed():
    source = "import os; os.makedirs('a/b'); open('a/b/c', 'w').close(); os.chmod('a', 0)"
    assert guarded(source, need(Level.NONE))[0].status == "ok"


def test_page_tables_count_as_memory(level):
    source = (
        "import mmap, time\n"
        "sparse = mmap.mmap(-1, 2**37, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ)\n"
        "sparse.madvise(mmap.MADV_NOHUGEPAGE)\n"
        "for at in range(0, 2**37, 2**21): sparse[at]\n"  # a table of 4 kB for each 2 MB
        "time.sleep(100)"
    )
    found, _ = guarded(source, level, memory=100_000_000)
    assert found.status == "memory"


def test_buffers_of_sockets_count_as_memory(level):
    source = (
        "import socket, time\n"
        "pairs = [socket.socketpair() for _ in range(240)]\n"
        "for one, other in pairs:\n"
        "    one.setblocking(False)\n"
        "    try:\n"
        "        while True: one.send(bytes(4096))\n"
        "    except BlockingIOError: pass\n"
        "time.sleep(100)"
    )
    found, _ = guarded(source, level, memory=60_000_000)
    assert found.status == "memory"


def test_time_is_that_of_all_processes_on_the_cpu_also_of_those_that_ended(level):
    source = (
        "import os, subprocess, sys, time\n"
        "loop = 'import time\\nwhile time.process_time() < 1.5: pass'\n"
        "for _ in range(4): subprocess.run([sys.executable, '-S', '-c', loop])\n"
        "time.sleep(100)"
    )
    found, _ = guarded(source, level, seconds=3, wall_seconds=60)
    assert (found.status, found.reason) == ("timeout", "used more than 3 s of CPU time")


def test_a_program_that_waits_uses_no_time(level):
    found, printed = guarded("import time; time.sleep(2); print(1)", level, seconds=1)
    assert (found.status, printed) == ("ok", "1\n")
