"""The messages of a sandbox: those that may come next are kept, the first other ends the run."""

import io
import json

import msgspec
import nbformat
import numpy as np
import pytest

from d2l.grader.sandbox.protocol import ProtocolError, decode_answer
from d2l.grader.sandbox.session import Session

STARTED = {"kind": "started", "assigned_after_cell": {}}
END = {"kind": "cells_done", "status": "ok", "reason": ""}
DATA = {"text/plain": "b", "application/y+json": json.dumps({"c": [1]})}
SHOWN = [
    {"output_type": "stream", "name": "stdout", "text": "a"},
    {"output_type": "display_data", "data": DATA, "metadata": "{}"},
    {"output_type": "execute_result", "data": {}, "metadata": "{}", "execution_count": 1},
    {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["x"]},
]  # fmt: skip


def cell(index, **others):
    message = {
        "kind": "cell", "index": index, "status": "ok", "seconds": 1,
        "peak_memory": 5, "error": "", "execution_count": None, "outputs": [],
    }  # fmt: skip
    return message | others


def session_of(*frames):
    session = Session([1, 3], ["x", "y"], lambda cell: None)
    for frame in frames:
        session.add(decode_answer(msgspec.msgpack.encode(frame)))
    return session


def array(name, values):
    npy = io.BytesIO()
    np.save(npy, values)
    return {"kind": "array", "name": name, "npy": npy.getvalue()}


def value(name, plain):
    return {"kind": "value", "name": name, "value": json.dumps(plain)}


def test_an_honest_run_is_kept_whole():
    found = session_of(
        STARTED,
        cell(1, outputs=SHOWN, execution_count=1),
        cell(3, seconds=0.5),
        END,
        array("x", np.eye(2)),
        {"kind": "problem", "name": "y", "message": "no y"},
    )
    assert found.is_complete
    assert found.end == ("ok", "")
    assert [(c.index, c.status, c.seconds) for c in found.cells] == [(1, "ok", 1), (3, "ok", 0.5)]
    assert found.values["x"].tolist() == [[1, 0], [0, 1]]
    assert found.values["y"].message == "no y"
    code = nbformat.v4.new_code_cell("1", outputs=found.shown[1][0], execution_count=1)
    nbformat.validate(nbformat.v4.new_notebook(cells=[code]))


BOTH = (STARTED, cell(1), cell(3))
UNTRUE = {
    "nothing": (None,),
    "a list": ([],),
    "no kind": ({},),
    "a list as kind": ({"kind": []},),
    "an unknown kind": ({"kind": "grade", "points": 100},),
    "a cell before the start": (cell(1),),
    "two starts": (STARTED, STARTED),
    "a cell that there is not": (STARTED, cell(2)),
    "a cell out of turn": (STARTED, cell(3)),
    "a cell twice": (STARTED, cell(1), cell(1)),
    "one cell too many": (*BOTH, cell(3)),
    "a cell after a value": (STARTED, cell(1), cell(3), END, value("x", 1), cell(3)),
    "a value before the end": (STARTED, cell(1), cell(3), value("x", 1)),
    "an unknown status": (STARTED, cell(1, status="match")),
    "a field too many": (STARTED, cell(1, points=9)),
    "a truth value as index": (STARTED, cell(True)),
    "time going back": (STARTED, cell(1, seconds=-1)),
    "no time at all": (STARTED, cell(1, seconds=float("nan"))),
    "endless memory": (STARTED, cell(1, peak_memory=2**63)),
    "a number as error": (STARTED, cell(1, error=5)),
    "an object as outputs": (STARTED, cell(1, outputs={})),
    "an output of no type": (STARTED, cell(1, outputs=[{}])),
    "an output that is none": (STARTED, cell(1, outputs=["text"])),
    "an output of a list type": (STARTED, cell(1, outputs=[{"output_type": []}])),
    "an unknown stream": (STARTED, cell(1, outputs=[SHOWN[0] | {"name": "stdin"}])),
    "lines as a stream": (STARTED, cell(1, outputs=[SHOWN[0] | {"text": ["a"]}])),
    "an output's extra field": (STARTED, cell(1, outputs=[SHOWN[0] | {"html": "x"}])),
    "a display of numbers": (STARTED, cell(1, outputs=[SHOWN[1] | {"data": {"image/png": 5}}])),
    "a negative count": (STARTED, cell(1, execution_count=-1)),
    "a text as count": (STARTED, cell(1, outputs=[SHOWN[2] | {"execution_count": "1"}])),
    "a traceback of numbers": (STARTED, cell(1, outputs=[SHOWN[3] | {"traceback": [1]}])),
    "a value not asked for": (*BOTH, END, value("z", 1)),
    "a value out of order": (*BOTH, END, value("y", 1)),
    "a value twice": (*BOTH, END, *[value("x", 1)] * 2),
    "a value too many": (*BOTH, END, value("x", 1), value("y", 1), value("x", 1)),
    "an array without a name": (*BOTH, END, {"kind": "array", "npy": b""}),
    "an array that is none": (*BOTH, END, {"kind": "array", "name": "x", "npy": b"pickle"}),
    "a name without an array": (*BOTH, END, {"kind": "array", "name": "x"}),
    "a list as name": (*BOTH, END, {"kind": "value", "name": [], "value": "1"}),
    "a value that is not JSON": (*BOTH, END, {"kind": "value", "name": "x", "value": "{"}),
    "an end that says ok too early": (STARTED, cell(1), END),
    "an end that hides an error": (STARTED, cell(1, status="error"), cell(3), END),
    "an end that makes one up": (*BOTH, END | {"status": "error"}),
    "a message after the end": (*BOTH, END, cell(3)),
    "two ends": (*BOTH, END, END),
    "a name set nowhere": ({"kind": "started", "assigned_after_cell": {"x": 2}},),
    "a name set at a list": ({"kind": "started", "assigned_after_cell": {"x": []}},),
}  # fmt: skip


@pytest.mark.parametrize("frames", UNTRUE.values(), ids=UNTRUE.keys())
def test_the_message_that_may_not_come_is_refused(frames):
    with pytest.raises(ProtocolError):
        session_of(*frames)
    session_of(*frames[:-1])  # it was the last one alone


def test_a_reason_is_one_readable_line_whatever_the_box_says():
    end = {
        "kind": "cells_done",
        "status": "died",
        "reason": "\x1b[31mred\nnext\x00 " + "x" * 10_000,
    }
    status, reason = session_of(STARTED, end).end
    assert status == "died"
    assert reason.startswith("[31mred next")
    assert reason.isprintable()
    assert len(reason) < 3000
