"""Two machines as two network namespaces of this one, which only a cable joins: a veth pair."""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from starts import PROGRAMS, finish, start

CASES = ("Adam", "plain tensors")
ADDRESSES = ("10.213.77.1", "10.213.77.2")
PORT = 29500  # free: nobody else is in these networks


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False, timeout=30)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@pytest.fixture
def machines():
    """The names of two namespaces that reach each other at ADDRESSES; gone afterwards."""
    if shutil.which("ip") is None:
        pytest.skip("there is no command ip (iproute2) to make network namespaces with")
    names = [f"d2l-{os.getpid()}-{i}" for i in range(2)]
    cables = [f"d2l{os.getpid() % 10**7}{i}" for i in range(2)]
    try:
        try:
            for name in names:
                ip("netns", "add", name)
            ip("link", "add", cables[0], "netns", names[0], "type", "veth",
               "peer", "name", cables[1], "netns", names[1])  # fmt: skip
        except OSError as error:
            pytest.skip(f"this machine allows no network namespaces ({error})")
        for name, cable, address in zip(names, cables, ADDRESSES, strict=True):
            ip("-n", name, "address", "add", f"{address}/24", "dev", cable)
            for device in ("lo", cable):
                ip("-n", name, "link", "set", device, "up")
        yield dict(zip(names, cables, strict=True))
    finally:
        for name in set(names) & set(ip("netns", "list").split()):
            for number in ip("netns", "pids", name).split():
                os.kill(int(number), signal.SIGKILL)
            ip("netns", "delete", name)


def test_two_machines_learn_what_one_process_learns(machines, tmp_path):
    def run(rank, name, cable):
        (tmp_path / str(rank)).mkdir()
        options = ["--nnodes", "2", "--node-rank", str(rank), "--nproc-per-node", "1"]
        options += ["--master-addr", ADDRESSES[0], "--master-port", str(PORT)]
        torchrun = [sys.executable, "-m", "torch.distributed.run", *options]
        command = [*torchrun, str(PROGRAMS / "learning.py"), str(tmp_path / str(rank)), *CASES]
        return finish(["ip", "netns", "exec", name, *command], GLOO_SOCKET_IFNAME=cable)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(run, (0, 1), machines, machines.values()))
    assert [machine.returncode for machine in done] == [0, 0], done
    assert done[0].stdout.startswith("epoch 1/1")
    assert not done[1].stdout
    assert not any((tmp_path / "1").iterdir())  # the first machine alone writes

    (tmp_path / "alone").mkdir()
    start("learning.py", 1, tmp_path / "alone", *CASES)
    expected = json.loads((tmp_path / "alone" / "found.json").read_text())
    found = json.loads((tmp_path / "0" / "found.json").read_text())
    for case in CASES:
        for name, curve in expected[case]["points"].items():
            assert found[case]["points"][name] == pytest.approx(curve, rel=1e-4), (case, name)
