"""Training curves are compared by their points: length, begin, way, end, and chance."""

import numpy as np
import pytest
from nbformat.v4 import new_output
from shown import compared_runs, plotted, read, verdicts

from d2l.grader.compare.compare_items import compare_items

POINTS = "application/vnd.d2l.points+json"


def board(seed, rate=0.5, epochs=10, end=0.5, begin=2.0, labels=("train_loss", "val_loss")):
    """Losses that fall from `begin` to `end`, as a board leaves them."""
    chance = np.random.default_rng(seed)
    xs = np.linspace(1 / 2, epochs, 2 * epochs)
    curves = {}
    for label in labels:
        noise = 1 + 0.02 * chance.standard_normal(len(xs))
        ys = (end + (begin - end) * np.exp(-rate * xs)) * noise
        curves[label] = [[float(x), float(y)] for x, y in zip(xs, ys, strict=True)]
    return plotted(curves)


@pytest.mark.parametrize("first", range(0, 300, 10))
def test_other_seeds_match(first):
    findings = compared_runs(
        lambda seed: board(first + seed), lambda seed: board(1000 + first + seed)
    )
    assert verdicts(findings) == ["match"], findings


WRONG = {
    "a third of the rate": ({"rate": 0.5 / 3}, "expected 0.514 ± 0.002 (3 runs), found 0.8"),
    "three times the rate": ({"rate": 1.5}, "first train_loss: expected 1.6"),
    "a worse end": ({"end": 0.7}, "found 0.7"),
    "a better end": ({"end": 0.3}, "found 0.3"),
    "no progress": ({"rate": 0.0}, "it does not decrease"),
    "another begin": ({"begin": 5.0}, "first train_loss: expected 1.6"),
    "half of the epochs": ({"epochs": 5}, "train_loss ends at 5, the reference's at 10"),
    "one curve alone": ({"labels": ("train_loss",)}, "no curve val_loss"),
}


@pytest.mark.parametrize("change, message", WRONG.values(), ids=WRONG.keys())
def test_another_run_differs(change, message):
    (finding,) = compared_runs(board, lambda seed: board(seed, **change))
    assert finding.verdict == "differs"
    assert message in finding.message
    assert finding.hint


def test_where_the_references_own_runs_are_far_apart_others_may_be_too():
    def unsteady(seed, level=1.0):
        return board(seed, end=level * (1 + 0.2 * (seed % 3)), begin=9)

    assert verdicts(compared_runs(unsteady, lambda seed: unsteady(seed, 1.5))) == ["match"]
    found = compared_runs(unsteady, lambda seed: unsteady(seed, 4.0), reference_seeds=range(10))
    assert verdicts(found) == ["differs"]  # which three runs cannot tell


def test_the_message_tells_the_band_and_the_hint_does_not():
    (finding,) = compared_runs(board, lambda seed: board(seed, end=1.9))
    seen = [[y for _, y in board(seed).data[POINTS]["train_loss"]][-4:] for seed in range(3)]
    mean = f"{np.mean(seen):.4g}"
    deviation = f"{np.std([np.mean(run) for run in seen], ddof=1):.1g}"
    assert f"expected {mean} ± {deviation} (3 runs), found 1.9" in finding.message
    assert mean not in finding.hint
    assert "final train_loss 1.9" in finding.hint


def test_curves_that_are_the_same_with_every_seed_are_pasted():
    (finding,) = compared_runs(board, lambda seed: board(5))
    assert "train_loss is identical for every seed" in finding.message


def test_a_curve_without_chance_is_compared_by_its_height():
    line = plotted({"y": [[x, x**2] for x in range(10)]})
    other = plotted({"y": [[x, 2 * x**2] for x in range(10)]})
    assert verdicts(compare_items([read(line)] * 3, [read(line)] * 2)) == ["match"]
    assert verdicts(compare_items([read(line)] * 3, [read(other)] * 2)) == ["differs"]


def test_a_loss_that_becomes_nan_is_named():
    broken = plotted({"train_loss": [[1, 2.0], [10, "nan"]], "val_loss": [[1, 2.0], [10, "inf"]]})
    (finding,) = compared_runs(board, lambda seed: broken)
    assert "train_loss becomes nan or infinite" in finding.message


def test_curves_with_other_names_are_taken_in_order():
    renamed = ("loss", "validation")
    assert verdicts(compared_runs(board, lambda seed: board(seed, labels=renamed))) == ["match"]


def test_more_curves_than_asked_for_do_no_harm():
    labels = ("extra", "train_loss", "val_loss")
    assert verdicts(compared_runs(board, lambda seed: board(seed, labels=labels))) == ["match"]


def test_a_picture_without_points_is_no_board():
    picture = new_output("display_data", data={"image/svg+xml": "<svg/>"})
    assert verdicts(compared_runs(board, lambda seed: picture)) == ["differs"]
    assert verdicts(compared_runs(lambda seed: picture, board)) == ["match"]


def test_three_points_are_enough():
    def short(seed, end=0.6):
        chance = np.random.default_rng(seed)
        ys = [[1, 0.9 + 0.01 * chance.random()], [2, 0.7], [3, end + 0.01 * chance.random()]]
        return plotted({"val_loss": ys})

    assert verdicts(compared_runs(short, short)) == ["match"]
    assert verdicts(compared_runs(short, lambda seed: short(seed, end=0.75))) == ["differs"]
