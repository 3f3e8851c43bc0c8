"""A job as the bytes that the driver inside the sandbox reads. Knows nothing of what comes back."""

import io

import numpy as np

from d2l.grader.sandbox.guest.framing import array_frame, json_frame
from d2l.grader.sandbox.job import Job
from d2l.grader.sandbox.limits import Limits
from d2l.notebook.cells import announces_failure
from d2l.notebook.execute import code_cells
from d2l.notebook.outputs import clean

# What is left of a run's time when its cells are stopped: the values are fetched in it.
MARGIN_SHARE, MARGIN_SECONDS, MARGIN_SECONDS_OF_VALUES = 0.2, 4, 15


def encode_job(job: Job, limits: Limits) -> bytes:
    """Return what the driver is told: one frame of JSON, then an array for each hidden input."""
    longest = MARGIN_SECONDS_OF_VALUES if job.fetches else MARGIN_SECONDS
    order = {
        "cells": _cells(job),
        "seed_offset": job.seed_offset,
        "set": dict(job.set),
        "fetches": [[fetch.name, list(fetch.expressions)] for fetch in job.fetches],
        "inputs": list(job.inputs),
        "keep_going": job.keep_going,
        "may_install": job.may_install,
        "seconds": limits.seconds - min(longest, MARGIN_SHARE * limits.seconds),
        "cell_seconds": limits.cell_seconds,
        "cell_characters": limits.cell_characters,
        "output": limits.output,
    }
    return json_frame(order) + b"".join(array_frame(_npy(array)) for array in job.inputs.values())


def _cells(job: Job) -> list[dict[str, object]]:
    cells = [(index, job.notebook.cells[index]) for index in code_cells(job.notebook)]
    return [
        {"index": index, "source": clean(cell.source), "may_fail": announces_failure(cell.metadata)}
        for index, cell in cells
    ]


def _npy(array: np.ndarray) -> bytes:
    written = io.BytesIO()
    np.save(written, array, allow_pickle=False)
    return written.getvalue()
