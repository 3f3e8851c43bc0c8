"""Outcomes made by hand: what runs of small notebooks would have shown."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from d2l.grader.sandbox.job import CellOutcome, Outcome


def outcome_of(*cells, seed_offset=0, status="ok", reason=""):
    """A run: a heading is a text with #, a code cell a pair of source and what it printed.

    A printed text that begins with "!" is an error instead; None is a cell that did not run.
    """
    notebook = new_notebook(cells=[_cell(cell) for cell in cells])
    ends = [_end(index, cell) for index, cell in enumerate(cells) if not isinstance(cell, str)]
    return Outcome(status, reason, notebook, tuple(ends), {}, 1.0, 0.5, 2**20, seed_offset)


def _cell(cell):
    if isinstance(cell, str):
        return new_markdown_cell(cell)
    source, printed = cell
    if printed and printed.startswith("!"):
        outputs = [new_output("error", ename=printed[1:], evalue="", traceback=[])]
    else:
        outputs = [new_output("stream", text=printed)] if printed else []
    return new_code_cell(source, outputs=outputs)


def _end(index, cell):
    if cell[1] is None:
        return CellOutcome(index, "not run")
    failed = cell[1].startswith("!")
    return CellOutcome(index, "error" if failed else "ok", error=cell[1][1:] if failed else "")
