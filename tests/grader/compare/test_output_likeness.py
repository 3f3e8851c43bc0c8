"""How alike two outputs are: in [0, 1], 1 for the same, and less the less they share."""

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_output
from outcomes import outcome_of
from shown import only, plotted, printed, result

from d2l.grader.compare.compare_items import count_random_values
from d2l.grader.compare.notebook_runs import NotebookRuns
from d2l.grader.compare.pairing import likeness


def picture(data):
    return only(new_output("display_data", data={"image/png": data}))


def curves(*labels):
    return only(plotted({label: [[0, 1], [1, 2]] for label in labels}))


def failure(name):
    return only(new_output("error", ename=name, evalue="", traceback=[]))


ARRAY, TABLE = np.array([1.5, 2.5]), pd.DataFrame({"x": [1, 2], "y": [3, 4]})
# Each: an output, one as it may be found, and how alike they are.
PAIRS = {
    "number": (only(printed("loss 0.5")), only(printed("loss 0.5")), 1.0),
    "number, other words": (only(printed("loss 0.5")), only(printed("cost 0.5")), 0.9),
    "number, other value": (only(printed("loss 0.5")), only(printed("loss 0.7")), 0.7),
    "number, whole": (only(printed("loss 0.5")), only(printed("loss 7")), 0.6),
    "array": (only(result(ARRAY)), only(result(ARRAY)), 1.0),
    "array, other values": (only(result(ARRAY)), only(result(ARRAY + 1)), 0.75),
    "array, other dtype": (only(result(ARRAY)), only(result(np.array([1, 2]))), 0.65),
    "array, other length": (only(result(ARRAY)), only(result(np.ones(3) / 2)), 0.6),
    "array, other dimensions": (only(result(ARRAY)), only(result(np.ones((1, 2)) / 2)), 0.5),
    "line": (only(printed("a 1 b 2")), only(printed("a 1 b 2")), 1.0),
    "line, other values": (only(printed("a 1 b 2")), only(printed("a 1 b 3")), 0.8),
    "line, other words": (only(printed("a 1 b 2")), only(printed("a 1 c 2")), 0.8),
    "line, one more": (only(printed("a 1 b 2")), only(printed("a 1 b 2 c 3")), 0.5),
    "text": (only(printed("done")), only(printed("done")), 1.0),
    "text, other words": (only(printed("done")), only(printed("ready")), 0.4),
    "table": (only(result(TABLE)), only(result(TABLE)), 1.0),
    "table, other values": (only(result(TABLE)), only(result(TABLE + 1)), 0.8),
    "table, other columns": (only(result(TABLE)), only(result(TABLE[["x"]])), 0.5),
    "curves": (curves("a", "b"), curves("a", "b"), 1.0),
    "curves, one of two": (curves("a", "b"), curves("a"), 0.8),
    "picture": (picture("aaaa"), picture("bbbb"), 0.9),
    "picture for curves": (curves("a"), picture("aaaa"), 0.5),
    "error": (failure("ValueError"), failure("TypeError"), 0.9),
    "of another kind": (only(printed("done")), only(printed("a 1 b 2")), 0.0),
}  # fmt: skip


@pytest.mark.parametrize("expected, found, alike", PAIRS.values(), ids=PAIRS.keys())
def test_the_likeness_of_two_outputs(expected, found, alike):
    assert likeness([expected], found) == pytest.approx(alike)


def test_a_number_within_three_ranges_of_random_ones_is_as_good_as_the_same():
    runs = [only(printed(f"loss {value}")) for value in (0.5, 0.6)]
    for value, alike in ((0.21, 1.0), (0.89, 1.0), (0.19, 0.7), (0.91, 0.7)):
        assert likeness(runs, only(printed(f"loss {value}"))) == pytest.approx(alike)


def test_every_output_with_random_values_is_counted_even_with_a_single_one():
    def run(seed):
        cells = [
            ("a()", f"{seed}.5\n"), ("b()", f"[{seed}, 2, 3]\n"), ("c()", "7\n"), ("d()", "done\n"),
        ]  # fmt: skip
        return outcome_of(*cells, seed_offset=seed)

    assert count_random_values(NotebookRuns([run(0), run(1)])) == 2
