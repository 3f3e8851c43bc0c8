"""Attacks that want points without answers: each gets what its honest cells are worth.

Points by hand: the table 4, softmax shown 2 and checked 8, chance shown 2 and checked 4; 20 in all.
"""

import json

import pytest

pytestmark = pytest.mark.slow


def test_patched_comparisons_and_functions_change_no_verdict(graded):
    assert (graded["patched_numbers"].status, graded["patched_numbers"].total) == ("ok", 10)


def test_a_value_that_is_equal_to_everything_is_compared_as_the_numbers_in_it(graded):
    assert (graded["equal_to_everything"].status, graded["equal_to_everything"].total) == ("ok", 10)


def test_hooks_that_hide_an_error_give_no_points_for_it(graded):
    assert graded["patched_ipython"].total == 10


def test_a_patched_d2l_gives_no_points_and_cannot_be_written_to(graded):
    # The forged values are wrong, and numbers that no seed moves are no chance: the table is left.
    assert graded["patched_d2l"].total == 4
    assert "could write to" not in graded.outputs("patched_d2l")


def test_forged_results_of_a_run_are_files_like_any_other(graded):
    assert (graded["forged_files"].status, graded["forged_files"].total) == ("died", 4)
    assert graded["pickles_beside"].total == 20  # not the 99 of the result handed in with it


def test_forged_frames_find_no_way_into_the_supervisors_pipe(graded):
    assert (graded["forged_frames"].status, graded["forged_frames"].total) == ("ok", 4)
    assert "could write to" not in graded.outputs("forged_frames")
    assert "-1" in graded.outputs("forged_frames")  # what ptrace said


def test_messages_forged_in_the_kernels_name_make_the_run_one_without_a_result(graded):
    assert (graded["forged_messages"].status, graded["forged_messages"].total) == ("broken", 0)


def test_a_pickle_is_no_value(graded):
    assert (graded["pickle_as_value"].status, graded["pickle_as_value"].total) == ("ok", 4)
    assert not graded.places.planted.exists()


def test_a_pickle_in_the_place_of_an_array_makes_the_run_one_without_a_result(graded):
    assert (graded["pickle_in_the_wire"].status, graded["pickle_in_the_wire"].total) == (
        "broken",
        0,
    )
    assert "not that of an array of numbers" in graded["pickle_in_the_wire"].note
    assert not graded.places.planted.exists()


def test_pickles_that_lie_beside_a_notebook_are_not_loaded(graded):
    assert (graded["pickles_beside"].status, graded["pickles_beside"].total) == ("ok", 20)
    assert not graded.places.planted.exists()


def test_hard_coded_answers_get_what_they_show_and_nothing_for_chance_or_hidden_inputs(graded):
    # The table and softmax are shown rightly; the draws are those of one seed alone. A deviation
    # of four digits could be that of two runs once in a hundred times, but not of the third run
    # that it is given; the check calls the function, and gives nothing.
    assert (graded["hard_coded"].status, graded["hard_coded"].total) == ("ok", 6)


def test_pasted_outputs_give_no_points_and_are_told_of(graded):
    assert (graded["pasted_outputs"].status, graded["pasted_outputs"].total) == ("ok", 0)
    assert "3 stored outputs that the code does not produce" in graded["pasted_outputs"].note


def test_the_rows_of_the_table_add_up(graded):
    for grade in graded.grades.values():
        parts = [float(v) for k, v in grade.row.items() if k.startswith(("section:", "check:"))]
        assert grade.total == sum(parts)
        assert float(grade.row["out of"]) == 20


def test_the_journal_holds_what_the_table_says(graded):
    entries = (graded.places.out / "journal" / "students").glob("*.json")
    kept = [json.loads(entry.read_bytes())["result"] for entry in entries]
    totals = {result["student"].lstrip("'"): result["total"] for result in kept}
    assert totals == {name.lstrip("'"): grade.total for name, grade in graded.grades.items()}
