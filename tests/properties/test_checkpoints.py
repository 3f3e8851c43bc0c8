"""Any state of plain types comes back from its file as it was; any damaged file is refused."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l.errors import CheckpointError
from d2l.runs.checkpoint_dir import read_checkpoint, write_checkpoint

numbers = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats()
tensors = st.builds(
    lambda sizes, dtype: torch.arange(math.prod(sizes)).reshape(sizes).to(dtype),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool]),
)
states = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map("_".__add__),
    st.recursive(
        numbers | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | tensors,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.text("abc", max_size=3) | st.integers(0, 9), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


def is_same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    if isinstance(a, dict):
        return list(a) == list(b) and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(is_same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


@settings(max_examples=60)
@given(states)
def test_a_state_is_read_as_it_was_written(state):
    with TemporaryDirectory() as folder:
        path = Path(folder, "step-1.pt")
        write_checkpoint(path, state)
        read = read_checkpoint(path)
    assert is_same(state, {key: read[key] for key in state})


@settings(max_examples=60)
@given(st.data())
def test_a_file_that_was_cut_or_changed_is_refused(data):
    with TemporaryDirectory() as folder:
        path = Path(folder, "step-1.pt")
        write_checkpoint(path, {"weights": torch.arange(50.0)})
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content = content[:at]
        else:
            # A member's data: headers have bytes that mean nothing, such as times.
            start = content.index(torch.arange(50.0).numpy().tobytes())
            at = data.draw(st.integers(start, start + 199))
            content[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        with pytest.raises(CheckpointError):
            read_checkpoint(path)
