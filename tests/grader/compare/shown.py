"""Outputs of cells as a kernel makes them, from real objects."""

import io

from nbformat import from_dict

from d2l.grader.compare.compare_items import compare_items
from d2l.grader.outputs.read_cell import POINTS, read_cell


def result(value):
    """What a cell shows whose last expression is `value`."""
    data = {"text/plain": repr(value)}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return _output("execute_result", data=data, metadata={}, execution_count=None)


def printed(*values, **how):
    """What `print` leaves."""
    text = io.StringIO()
    print(*values, **how, file=text)
    return _output("stream", name="stdout", text=text.getvalue())


def picture(width, height):
    """A picture of this size in points."""
    svg = f'<svg width="{width}pt" height="{height}pt">'
    return _output("display_data", data={"image/svg+xml": svg}, metadata={})


def plotted(curves):
    """What a board shows: a picture, and its curves as lists of points by their labels."""
    data = {"image/svg+xml": "<svg/>", POINTS: curves}
    return _output("display_data", data=data, metadata={})


def _output(kind, **fields):
    """As `nbformat.v4.new_output`, without its validation, which takes longer than a comparison."""
    return from_dict({"output_type": kind, **fields})


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
    return compare_items(read_runs(expected, reference_seeds), read_runs(found, seeds))


def read_runs(shown, seeds):
    """The items of each run of a cell with the outputs that a function of a seed makes."""
    return [read(shown(seed)) for seed in seeds]


def verdicts(findings):
    """The verdict of each finding."""
    return [finding.verdict for finding in findings]
