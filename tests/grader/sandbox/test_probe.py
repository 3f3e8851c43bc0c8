"""A probe that finds walls, and one that finds each of them broken."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from guards import PYTHON, best, need, why_not

from d2l.grader.sandbox import probe, warden
from d2l.grader.sandbox.level import IsolationError, Level
from d2l.grader.sandbox.limits import Limits
from d2l.grader.sandbox.selftest import choose_isolation

pytestmark = pytest.mark.usefixtures("private_temporary_folder")

LIMIT_CLAIMS = ["time", "memory", "processes", "disk"]
WALL_CLAIMS = ["network off", "files out of sight", "other processes out of sight"]


@pytest.fixture(autouse=True)
def python_that_runs_can_read(monkeypatch):
    if Path(PYTHON) != Path(sys.executable):
        monkeypatch.setattr(sys, "executable", PYTHON)
        for prefix in ("prefix", "base_prefix"):
            monkeypatch.setattr(sys, prefix, str(Path(PYTHON).parents[1]))


def test_the_strongest_walls_are_chosen_and_every_claim_was_tried_in_a_few_seconds(tmp_path):
    start = time.monotonic()
    found = choose_isolation(hidden=[tmp_path])
    assert time.monotonic() - start < 20  # 1.3 s on an idle machine
    assert found.level == best()
    assert all(claim.held for claim in found.claims)
    if found.level > Level.LIMITS:
        assert [claim.what for claim in found.claims] == WALL_CLAIMS + LIMIT_CLAIMS
        first_line, *stronger_levels = str(found).splitlines()
        assert first_line == (
            f"isolation: {found.level.title} "
            f"(tried and held: {', '.join(WALL_CLAIMS + LIMIT_CLAIMS)})"
        )
        assert bool(stronger_levels) is (found.level != Level.BUBBLEWRAP)


def test_limits_alone_say_what_they_do_not_keep():
    found = choose_isolation(need(Level.LIMITS))
    assert [claim.what for claim in found.claims] == LIMIT_CLAIMS
    assert "NOT held: submissions can use the network and read" in str(found)
    with pytest.raises(IsolationError, match=r"level namespaces or above .* limits: there, and"):
        choose_isolation(Level.LIMITS, required=Level.NAMESPACES)


def test_a_wall_with_a_hole_is_noticed_and_the_next_one_is_taken(monkeypatch):
    level = need(Level.BUBBLEWRAP)
    need(Level.NAMESPACES)
    whole = warden._WALLS[level]
    monkeypatch.setitem(
        warden._WALLS,
        level,
        lambda command, sandbox, place: whole(command, replace(sandbox, network=True), place),
    )
    found = choose_isolation()
    assert found.level == Level.NAMESPACES
    assert found.not_reached == (
        "bubblewrap: not held: network off (a connection to a server outside was made)",
    )
    with pytest.raises(IsolationError, match="network off"):
        choose_isolation(Level.BUBBLEWRAP)


def test_a_path_that_lies_in_sight_is_noticed():
    level = best()
    if level == Level.LIMITS:
        pytest.skip(why_not(Level.NAMESPACES))
    with pytest.raises(IsolationError, match=r"files out of sight \(/usr/bin could be read\)"):
        choose_isolation(level, hidden=[Path("/usr/bin")])


def test_walls_that_hide_nothing_are_noticed(monkeypatch):
    need(Level.LIMITS)
    level = need(Level.NAMESPACES)
    monkeypatch.setitem(warden._WALLS, level, warden._WALLS[Level.LIMITS])
    with pytest.raises(IsolationError) as error:
        choose_isolation(level)
    assert all(claim in str(error.value) for claim in WALL_CLAIMS)


def test_each_limit_that_is_not_kept_is_noticed(monkeypatch):
    level = best()
    generous = Limits(seconds=60, memory=2**31, processes=200, disk=2**27)
    loose = tuple(replace(attempt, limits=generous) for attempt in probe.ATTEMPTS)
    monkeypatch.setattr(probe, "ATTEMPTS", loose)
    with pytest.raises(IsolationError) as error:
        choose_isolation(level)
    claims = ", ".join(LIMIT_CLAIMS)
    assert f"not held: {claims} (it got away with more than it may)" in str(error.value)


def test_a_trial_that_cannot_begin_is_no_success(monkeypatch):
    broken = tuple(replace(attempt, program="1 / 0") for attempt in probe.ATTEMPTS)
    monkeypatch.setattr(probe, "ATTEMPTS", broken)
    monkeypatch.setattr(probe, "LOOK_AROUND", "1 / 0")
    with pytest.raises(
        IsolationError, match=r"memory, .*\(the trial did not begin: .*ZeroDivision"
    ):
        choose_isolation(best())
