"""Attempts to see, reach or change what is none of a submission's business."""

import pytest
from grading_run import SECRET_VARIABLE
from hostile_class import COURSE, SECRET

pytestmark = pytest.mark.slow


@pytest.fixture
def isolated(graded):
    """The class, where the machine has isolation; limits alone hide nothing."""
    if graded.level != "bubblewrap":
        pytest.skip(f"no isolation on this machine: {graded.output.splitlines()[:4]}")
    return graded


def test_the_reference_the_rubric_and_the_checks_are_out_of_sight(isolated):
    assert (
        isolated["read_the_reference"].status,
        isolated["read_the_reference"].total,
    ) == ("ok", 4)
    outputs = isolated.outputs("read_the_reference")
    assert "{}" in outputs
    assert "rows_are_probabilities" not in outputs


def test_the_environment_and_the_home_folder_are_out_of_sight(graded):
    outputs = graded.outputs("read_the_environment")
    assert graded["read_the_environment"].total == 4
    assert "HOME" in outputs
    assert SECRET_VARIABLE not in outputs
    assert graded.secret not in outputs


def test_other_submissions_are_out_of_sight(isolated):
    assert (isolated["read_the_others"].status, isolated["read_the_others"].total) == (
        "ok",
        4,
    )
    outputs = isolated.outputs("read_the_others")
    assert "0 secrets" in outputs
    assert SECRET not in outputs


def test_files_of_the_machine_stay_as_they_were(graded):
    assert graded.places.treasure.read_text() == "still here"
    assert not graded.places.planted.exists()
    for file in COURSE.iterdir():
        if file.is_file():
            assert (graded.places.course / file.name).read_bytes() == file.read_bytes()


def test_no_socket_reaches_the_machine(isolated):
    assert (isolated["sockets"].status, isolated["sockets"].total) == ("ok", 20)
    assert "[]" in isolated.outputs("sockets")
    assert isolated.heard == []


def test_the_servers_hear_whom_nothing_keeps_out(called_servers):
    assert len(called_servers) >= 3


def test_no_process_of_any_attack_is_left(graded):
    assert not graded.left()
