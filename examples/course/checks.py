"""The hidden checks of homework 1: each gets values out of a notebook, as numpy arrays.

A check that returns nothing gives all its points, a number from 0 to 1 gives that share, and an
AssertionError gives none, with its message on the student's page.
"""

import numpy as np

CENTRES = np.array([[2.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]])


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """What the expressions of the rubric may use; no notebook sees it before its last cell ran."""
    clouds = rng.integers(0, 3, 300)
    points = CENTRES[clouds] + rng.standard_normal((300, 2))
    return {
        "table": rng.normal(3, 2, (6, 4)).astype("float32"),
        "places": rng.normal(0, 2, 7).astype("float32"),
        "scores": rng.normal(0, 3, (5, 4)).astype("float32"),
        "labels": rng.integers(0, 4, 5),
        "points": points.astype("float32"),
        "clouds": clouds,
    }


def columns_are_standard(standardized, table):
    """Each column has mean 0 and standard deviation 1."""
    along_rows = table - table.mean(1, keepdims=True)
    along_rows /= along_rows.std(1, keepdims=True)
    assert not _is_close(standardized, along_rows), (
        "standardize(X) works along the rows: axis 0 runs down the columns"
    )
    expected = (table - table.mean(0)) / table.std(0)
    assert _is_close(standardized, expected), (
        "not every column of standardize(X) has mean 0 and standard deviation 1"
    )


def slope_is_the_derivative(slopes, places):
    """The derivative of x³ is 3x²."""
    assert _is_close(slopes, 3 * places**2), "slope(f, x) of f(x) = x³ is not 3x²"


def rows_are_probabilities(probabilities, scores):
    """Softmax by rows, of scores that nobody has seen."""
    assert not _is_close(probabilities, _softmax(scores, 0)), (
        "the columns of softmax(scores) sum to 1, not the rows: mind the axis"
    )
    assert _is_close(probabilities, _softmax(scores, 1)), "softmax(scores) is not right"


def large_scores_are_no_problem(probabilities, scores):
    """Softmax does not change when all scores of a row grow alike."""
    assert np.isfinite(probabilities).all(), "softmax(scores) is not finite for scores near 1000"
    assert _is_close(probabilities, _softmax(scores, 1)), "softmax(scores + 1000) is not right"


def loss_is_a_mean(loss, scores, labels):
    """Cross-entropy of one batch."""
    losses = -np.log(_softmax(scores, 1)[np.arange(len(labels)), labels])
    assert not _is_close(loss, losses.sum()), (
        "cross_entropy gives the sum over the batch: the mean is missing"
    )
    assert _is_close(loss, losses.mean()), "cross_entropy is not right for another batch"


def new_points_are_told_apart(scores, clouds):
    """Points that the model has not seen: all points from 90 % right on, none at 60 %."""
    wanted = (len(clouds), 3)
    assert np.shape(scores) == wanted, (
        f"model(points) has the shape {np.shape(scores)}, not {wanted}"
    )
    accuracy = (scores.argmax(1) == clouds).mean()
    return float(np.clip((accuracy - 0.6) / 0.3, 0, 1))


def _softmax(scores, axis):
    exponentials = np.exp(scores.astype("float64"))
    return exponentials / exponentials.sum(axis, keepdims=True)


def _is_close(found, expected):
    # What a student's function returns may have any shape and type: never trust it to broadcast.
    return np.shape(found) == np.shape(expected) and np.allclose(found, expected, atol=1e-3)
