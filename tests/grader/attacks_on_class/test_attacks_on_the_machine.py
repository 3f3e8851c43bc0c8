"""Attacks that use up time, memory, processes, output or disk: each is ended with what it had.

Points by hand: the table 4, softmax shown 2 and checked 8, chance shown 2 and checked 4; 20 in all.
"""

import pytest
from hostile_class import HANDFUL, TWICE

pytestmark = pytest.mark.slow
WALL_SECONDS = 5 * 20  # of one run: five times the CPU time that the rubric allows


def test_an_endless_loop_that_swallows_interrupts_is_ended(graded):
    assert (graded["endless_loop"].status, graded["endless_loop"].total) == ("timeout", 4)
    assert "more than 4 s of CPU time" in graded["endless_loop"].note
    assert graded.seconds("endless_loop") < 2 * WALL_SECONDS


def test_a_function_that_never_returns_when_it_is_checked_ends_the_run(graded):
    # What was shown counts, the table and chance; no value came back, so no check holds.
    assert (graded["endless_value"].status, graded["endless_value"].total) == ("timeout", 6)
    assert graded.seconds("endless_value") < 2 * WALL_SECONDS


def test_leaving_by_sys_exit_costs_what_is_not_there(graded):
    assert (graded["sys_exit"].status, graded["sys_exit"].total) == ("error", 10)
    assert "SystemExit" in graded["sys_exit"].note


@pytest.mark.parametrize("student", ["os_exit", "kill_kernel", "quit_kernel", "kill_supervisor"])
def test_a_dead_kernel_is_no_success_and_keeps_only_what_came_before(graded, student):
    assert (graded[student].status, graded[student].total) == ("died", 4)


@pytest.mark.parametrize("student", ["memory_bomb", "memory_of_children"])
def test_too_much_memory_ends_the_run(graded, student):
    assert (graded[student].status, graded[student].total) == ("memory", 4)
    assert "1,024 MB of memory" in graded[student].note
    assert graded.seconds(student) < 2 * WALL_SECONDS


def test_forking_without_end_ends_the_run_and_leaves_no_process(graded):
    assert (graded["fork_bomb"].status, graded["fork_bomb"].total) == ("processes", 4)
    assert "started more than 24 processes" in graded["fork_bomb"].note
    assert graded.alive["fork_bomb"] == []


def test_twenty_million_characters_are_cut_and_cost_no_points(graded):
    assert (
        graded["twenty_million_characters"].status,
        graded["twenty_million_characters"].total,
    ) == ("ok", 20)
    outputs = graded.outputs("twenty_million_characters")
    assert "19,900,001 more characters were removed" in outputs
    assert len(outputs) < 300_000
    assert len(graded.page("twenty_million_characters")) < 1_000_000


def test_a_gigabyte_on_the_disk_ends_the_run(graded):
    assert (graded["gigabyte_on_disk"].status, graded["gigabyte_on_disk"].total) == ("disk", 4)
    assert "wrote more than 64 MB" in graded["gigabyte_on_disk"].note


def test_a_background_process_ends_with_its_run(graded):
    assert (graded["background_process"].status, graded["background_process"].total) == ("ok", 20)
    assert graded.alive["background_process"] == []


def test_the_grader_itself_stays_small(graded):
    assert 0 < graded.peak_memory < 500e6


@pytest.mark.parametrize(
    "student, status, total",
    [
        ("endless_loop", "timeout", 4),
        ("os_exit", "died", 4),
        ("kill_supervisor", "died", 4),
        ("memory_bomb", "memory", 4),
        ("fork_bomb", "processes", 4),
        ("gigabyte_on_disk", "disk", 4),
        ("background_process", "ok", 20),
        ("twenty_million_characters", "ok", 20),
        ("patched_numbers", "ok", 10),
        ("forged_frames", "ok", 4),
        ("diligent", "ok", 20),
    ],
)
def test_the_other_levels_hold_as_well(graded_at_level, student, status, total):
    found = graded_at_level[student]
    assert (found.status, found.total) == (status, total)
    assert not graded_at_level.alive.get(student)


def test_without_isolation_the_points_are_the_same(graded_at_level, graded):
    found, points = graded_at_level.points, graded.points
    assert len(found) == len(HANDFUL) + 1  # and the one who attacks nothing
    assert found == {student: points[student] for student in found}


def test_the_same_submissions_get_the_same_rows_again(graded, graded_again):
    again = graded_again.table.splitlines()
    assert len(again) == 1 + len(TWICE) + 1  # the head, and the one who attacks nothing
    assert set(again) <= set(graded.table.splitlines())
