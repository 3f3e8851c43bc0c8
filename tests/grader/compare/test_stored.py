"""Outputs handed in against outputs produced: what was pasted, edited, or only of another seed."""

import pytest
from nbformat.v4 import new_output
from outcomes import outcome_of

from d2l.grader.compare.compare import compare

PICTURE = new_output("display_data", data={"image/png": "iVBORw0KGgo="})
FRESH = ("print('loss', loss)", "loss 0.25\n")
SILENT = ("x = 1", "")


def stale(cells, stored, runs=1):
    """The findings for cells that were handed in with the outputs `stored`, cell by cell."""
    outcomes = [outcome_of(*cells, seed_offset=seed_offset) for seed_offset in range(runs)]
    handed_in = outcome_of(*cells).notebook
    for cell, outputs in zip(handed_in.cells, stored, strict=True):
        cell.outputs = outputs
    return compare(outcomes, outcomes, handed_in).stale


def printed(text):
    return [new_output("stream", text=text)]


def test_outputs_that_the_code_produces_and_outputs_never_stored_are_fine():
    assert stale([FRESH, SILENT], [printed("loss 0.25\n"), []]) == ()
    assert stale([FRESH, SILENT], [[], []]) == ()
    assert stale([FRESH], [printed("loss 0.250001\n")]) == ()


@pytest.mark.parametrize(
    ("cell", "stored", "verdict"),
    [
        (FRESH, printed("loss 0.01\n"), "differs"),
        (FRESH, printed("loss 0.25\naccuracy 0.99\n"), "missing"),
        (FRESH, [*printed("loss 0.25\n"), PICTURE], "missing"),
        (SILENT, printed("loss 0.25\n"), "missing"),
        (SILENT, printed("all tests passed\n"), "missing"),
        (SILENT, [PICTURE], "missing"),
        (("1 / 0", "!ZeroDivisionError"), printed("loss 0.25\n"), "failed"),
        (("slow()", None), printed("loss 0.25\n"), "failed"),
    ],
)
def test_what_the_code_does_not_produce_is_flagged_at_its_cell(cell, stored, verdict):
    (finding,) = stale([SILENT, cell], [[], stored])
    assert (finding.verdict, finding.submission_cell) == (verdict, 1)
    assert finding.message.startswith("stored output is not what the code produces")


def test_why_the_code_produces_nothing_is_said():
    (finding,) = stale([("1 / 0", "!ZeroDivisionError")], [printed("loss 0.25\n")])
    assert finding.message.endswith(": the cell raised ZeroDivisionError")


def test_an_error_that_was_stored_and_comes_again_is_fine():
    error = new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])
    assert stale([("1 / 0", "!ZeroDivisionError")], [[error]]) == ()


def test_random_values_need_only_be_like_those_of_fresh_runs():
    def flagged(value):
        source = "print('draw', draw())"
        runs = [
            outcome_of((source, f"draw {drawn}\n"), seed_offset=seed_offset)
            for seed_offset, drawn in enumerate((0.31, -1.2))
        ]
        handed_in = outcome_of((source, f"draw {value}\n")).notebook
        return compare(runs, runs, handed_in).stale

    assert flagged(0.9) == ()
    assert len(flagged(1e6)) == 1


def test_a_board_that_was_stored_without_its_points_is_the_picture_of_its_curves():
    points = {"loss": [[epoch, 1 / (epoch + 1)] for epoch in range(8)]}
    picture = {"image/svg+xml": '<svg width="252pt" height="180pt"></svg>'}
    board = {**picture, "application/vnd.d2l.points+json": points}
    fresh = outcome_of(("fit()", ""))
    fresh.notebook.cells[0].outputs = [new_output("display_data", data=board)]
    handed_in = outcome_of(("fit()", "")).notebook
    handed_in.cells[0].outputs = [new_output("display_data", data=picture)]
    assert compare([fresh], [fresh], handed_in).stale == ()
    points_of_another = {"loss": [[epoch, 5.0] for epoch in range(8)]}
    pasted = {**picture, "application/vnd.d2l.points+json": points_of_another}
    handed_in.cells[0].outputs = [new_output("display_data", data=pasted)]
    assert len(compare([fresh], [fresh], handed_in).stale) == 1
