"""A self-test that finds isolation, and one that finds each guarantee of it broken."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from guards import PYTHON, need

from d2l.grader.sandbox import bubblewrap, selftest
from d2l.grader.sandbox.isolation import MARK, IsolationError, LaunchSpec, Level, Limits
from d2l.grader.sandbox.selftest import choose_isolation

pytestmark = pytest.mark.usefixtures("private_temporary_folder")

OF_LIMITS = ["time", "memory", "processes", "disk"]
OF_ISOLATION = ["network off", "files hidden", "processes hidden"]


@pytest.fixture(autouse=True)
def python_that_runs_can_read(monkeypatch):
    if Path(PYTHON) != Path(sys.executable):
        monkeypatch.setattr(sys, "executable", PYTHON)
        for prefix in ("prefix", "base_prefix"):
            monkeypatch.setattr(sys, prefix, str(Path(PYTHON).parents[1]))


def test_bubblewrap_is_taken_and_every_guarantee_was_tried_in_a_few_seconds(tmp_path):
    need(Level.BUBBLEWRAP)
    start = time.monotonic()
    found = choose_isolation(hidden=[tmp_path])
    assert time.monotonic() - start < 60  # 1.3 s on an idle machine
    assert found.level == Level.BUBBLEWRAP
    assert all(guarantee.holds for guarantee in found.guarantees)
    assert [guarantee.name for guarantee in found.guarantees] == OF_ISOLATION + OF_LIMITS
    first_line, resources = str(found).splitlines()
    verified = ", ".join(OF_ISOLATION + OF_LIMITS)
    assert first_line == f"isolation: bubblewrap (verified: {verified})"
    assert resources.startswith("  memory, processes and CPU share: ")


def test_without_isolation_nothing_runs_unless_it_is_requested(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        IsolationError, match=r"not installed: bubblewrap.*--isolation none"
    ) as error:
        choose_isolation()
    assert "d2l doctor" in str(error.value)


def test_no_isolation_says_what_it_does_not_keep():
    found = choose_isolation(need(Level.NONE))
    assert [guarantee.name for guarantee in found.guarantees] == OF_LIMITS
    assert "WARNING: no isolation: submissions can use the network, read" in str(found)
    with pytest.raises(IsolationError, match=r"bubblewrap or higher is required, but none was"):
        choose_isolation(Level.NONE, required=Level.BUBBLEWRAP)


def test_isolation_with_a_hole_is_noticed(monkeypatch):
    need(Level.BUBBLEWRAP)
    whole = bubblewrap.launch
    monkeypatch.setattr(
        bubblewrap,
        "launch",
        lambda command, sandbox, workspace: whole(
            command, replace(sandbox, network=True), workspace
        ),
    )
    hole = r"network off \(a connection to a server outside was possible\)"
    with pytest.raises(IsolationError, match=hole):
        choose_isolation()


def test_a_path_that_is_visible_inside_is_noticed():
    need(Level.BUBBLEWRAP)
    with pytest.raises(IsolationError, match=r"files hidden \(/usr/bin could be read\)"):
        choose_isolation(hidden=[Path("/usr/bin")])


def test_isolation_that_hides_nothing_is_noticed(monkeypatch):
    need(Level.BUBBLEWRAP)

    def launch(command, sandbox, workspace):
        return LaunchSpec(tuple(command), os.environ | {MARK: workspace.name}, "/tmp")

    monkeypatch.setattr(bubblewrap, "launch", launch)
    with pytest.raises(IsolationError) as error:
        choose_isolation()
    assert all(guarantee in str(error.value) for guarantee in OF_ISOLATION)


def test_each_limit_that_is_not_kept_is_noticed(monkeypatch):
    generous = Limits(wall_seconds=60, memory=2**31, processes=200, disk=2**27)
    loose = tuple(replace(attempt, limits=generous) for attempt in selftest.ATTEMPTS)
    monkeypatch.setattr(selftest, "ATTEMPTS", loose)
    with pytest.raises(IsolationError) as error:
        choose_isolation(need(Level.NONE))
    guarantees = ", ".join(OF_LIMITS)
    assert f"broken guarantees: {guarantees} (a program exceeded the limit)" in str(error.value)


def test_a_trial_that_cannot_begin_is_not_a_success(monkeypatch):
    broken = tuple(replace(attempt, program="1 / 0") for attempt in selftest.ATTEMPTS)
    monkeypatch.setattr(selftest, "ATTEMPTS", broken)
    monkeypatch.setattr(selftest, "LOOK_AROUND", "1 / 0")
    with pytest.raises(IsolationError, match=r"memory, .*\(the test did not start: .*ZeroDivision"):
        choose_isolation(need(Level.NONE))
