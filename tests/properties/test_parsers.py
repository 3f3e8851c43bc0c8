"""Any text: parsers of untrusted input return or raise their own error; printed values are read."""

import json

import nbformat
import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from d2l.errors import D2LError
from d2l.files.csv_cells import TableError, read_table
from d2l.grader.outputs.output_values import Array
from d2l.grader.outputs.parse_text import read_text
from d2l.notebook.text_notebook import parse_text_notebook

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3)


@given(st.text(max_size=400), st.booleans())
def test_any_text_is_read_into_items(text, is_result):
    for item in read_text(text, is_result):
        assert item is not None


@given(shapes, st.integers(0, 2**32 - 1), st.sampled_from([torch.float32, torch.int64]))
def test_a_printed_tensor_is_read_with_its_shape_and_values(sizes, seed, dtype):
    generator = torch.Generator().manual_seed(seed)
    tensor = (torch.rand(sizes, generator=generator) * 100).to(dtype)
    (item,) = read_text(repr(tensor), True)
    assert isinstance(item, Array)
    assert tuple(item.shape) == tuple(sizes)
    assert np.allclose(np.ravel(item.values), tensor.double().numpy().ravel(), atol=1e-3)


@given(st.floats(-1e9, 1e9), st.integers(1, 8))
def test_a_printed_number_is_read_to_its_last_digit(value, digits):
    (item,) = read_text(f"{value:.{digits}f}", True)
    assert isinstance(item, Array)
    assert np.allclose(item.values, float(f"{value:.{digits}f}"), rtol=0, atol=10.0**-digits)


@given(st.text(max_size=300), st.sampled_from([".py", ".md"]))
def test_any_text_is_a_notebook_or_refused(text, suffix):
    try:
        notebook = parse_text_notebook(text.encode("utf-8", "replace"), suffix, 100)
    except ValueError:
        return
    nbformat.validate(notebook)
    json.dumps(notebook)


def test_any_bytes_are_a_table_or_refused(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "grades.csv"

    @given(st.binary(max_size=300))
    def read(content):
        path.write_bytes(content)
        try:
            table = read_table(path)
        except (TableError, D2LError):
            return
        assert table.with_values(0, {}) == content

    read()
