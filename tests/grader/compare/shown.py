"""Outputs of cells as a kernel makes them, from real objects."""

import io

from nbformat.v4 import new_output

from d2l.grader.compare.compare_items import compare_items
from d2l.grader.compare.notebook_runs import read_cell


def result(value):
    """What a cell shows whose last expression is `value`."""
    data = {"text/plain": repr(value)}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return new_output("execute_result", data=data)


def printed(*values, **how):
    """What `print` leaves."""
    text = io.StringIO()
    print(*values, **how, file=text)
    return new_output("stream", text=text.getvalue())


def read(*outputs):
    """The items of a cell with these outputs."""
    return read_cell(list(outputs))


def only(*outputs):
    """The one item of a cell with these outputs."""
    (item,) = read_cell(list(outputs))
    return item


def compared(expected, found):
    """The findings where a reference shows one output and a submission another."""
    return compare_items([read(expected)], [read(found)])


def compared_runs(expected, found, reference_seeds=(0, 1, 2), seeds=(10, 11)):
    """The findings for outputs that functions of a seed make."""
    references = [read(expected(seed)) for seed in reference_seeds]
    return compare_items(references, [read(found(seed)) for seed in seeds])


def verdicts(findings):
    """The verdict of each finding."""
    return [finding.verdict for finding in findings]
