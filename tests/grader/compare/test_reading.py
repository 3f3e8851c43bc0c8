"""What outputs show is read back as what was printed: by torch, NumPy, pandas and Python."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from nbformat.v4 import new_output
from shown import only, printed, read, result

from d2l.grader.outputs.output_values import Array, Curves, Failure, Line, Picture, Table, Text

TENSORS = [
    torch.tensor(3.5),
    torch.tensor(7),
    torch.arange(12, dtype=torch.float32),
    torch.arange(6).reshape(2, 3),
    torch.tensor([True, False]),
    torch.tensor([1e-8, 1.0]),
    torch.tensor([1e10, -1.5]),
    torch.tensor([math.nan, math.inf, -math.inf, 1.25]),
    torch.zeros(2, 0, 3),
    torch.ones(2, dtype=torch.float64),
    torch.ones(2, dtype=torch.int8),
    torch.ones(1, 2, 1, 2, dtype=torch.bfloat16),
    torch.tensor([[162754.7969], [2980.9580]]),
]


@pytest.mark.parametrize("tensor", TENSORS, ids=str)
@pytest.mark.parametrize("show", [result, printed])
def test_tensors_are_read_with_shape_dtype_and_values(tensor, show):
    item = only(show(tensor))
    assert (item.kind, item.shape) == ("tensor", tuple(tensor.shape))
    assert item.dtype == str(tensor.dtype).removeprefix("torch.")
    expected = tensor.double().numpy().ravel()
    np.testing.assert_allclose(item.values, expected, rtol=1e-4, atol=item.unit / 2 + 1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_random_tensors_of_any_shape_are_read_back_to_the_digits_shown(seed):
    generator = np.random.default_rng(seed)
    shape = tuple(int(size) for size in generator.integers(1, 4, generator.integers(0, 5)))
    array = generator.standard_normal(shape) * 10.0 ** generator.integers(-6, 7)
    for value in (torch.tensor(array), torch.tensor(array).float(), np.array(array)):
        item = only(result(value))
        assert item.shape == shape
        assert item.dtype == str(value.dtype).removeprefix("torch.")
        bound = item.unit / 2 * 1.001
        np.testing.assert_allclose(item.values, array.ravel(), rtol=1e-4, atol=bound)


ARRAYS = [
    np.array(3.0),
    np.arange(3),
    np.array([1.0, 2.5], dtype=np.float32),
    np.array([[1.5, 2], [3, np.nan]]),
    np.array([True, False]),
    np.zeros((2, 0)),
    np.array([1e-5, 1.0]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_arrays_are_read_with_shape_dtype_and_values(array):
    item = only(result(array))
    assert (item.kind, item.shape, item.dtype) == ("array", array.shape, str(array.dtype))
    np.testing.assert_array_equal(item.values, array.ravel())


def test_a_printed_array_has_brackets_alone_and_is_read_as_well():
    item = only(printed(np.array([[1.5, -2.0], [3.0, np.nan]])))
    assert (item.shape, item.dtype) == ((2, 2), "float")
    np.testing.assert_array_equal(item.values, [1.5, -2, 3, np.nan])
    assert only(printed(np.array([1, 2]))).dtype == "int"
    assert only(printed(np.array([True, False]))).dtype == "bool"


def test_what_is_cut_out_of_a_large_tensor_is_known_to_be_missing():
    tensor = only(result(torch.arange(5000).reshape(50, 100)))
    assert (tensor.shape, tensor.shown) == ((None, None), (6, 6))
    assert tensor.values[:4].tolist() == [0, 1, 2, 97]
    array = only(result(np.arange(5000).reshape(50, 100)))
    assert (array.shape, array.shown) == ((50, 100), (6, 6))


def test_gradients_and_parameters_make_no_difference():
    x = torch.ones(2, requires_grad=True)
    plain = torch.ones(2)
    for value in (x, x * 1, torch.nn.Parameter(plain)):
        item = only(result(value))
        assert (item.shape, item.dtype, item.values.tolist()) == ((2,), "float32", [1, 1])


def test_tuples_and_lists_of_values_are_read_one_by_one():
    values = (torch.ones(2), 3.5, 3, True, None, "a", torch.Size([2, 3]), np.float32(0.5))
    items = read(result(values))
    shown = [item.what if isinstance(item, Array) else item.text for item in items]
    assert shown == ["tensor of shape (2,)", "number", "number", "number", "None", "a",
                     "list of shape (2,)", "number"]  # fmt: skip
    assert [item.dtype for item in items if isinstance(item, Array)] == [
        "float32", "float", "int", "bool", "int", "float32"
    ]  # fmt: skip


def test_lists_of_numbers_are_arrays_and_lists_of_words_are_words():
    item = only(result([[1, 2], [3, 4]]))
    assert (item.shape, item.dtype, item.values.tolist()) == ((2, 2), "int", [1, 2, 3, 4])
    assert only(result(["the", "time"])) == Text("the time", is_value=True)
    assert only(result(torch.float32)) == Text("torch.float32", is_value=True)


def test_words_before_a_value_are_its_label():
    item = only(printed("w:", torch.ones(2)))
    assert (item.label, item.what) == ("w :", "tensor w of shape (2,)")
    first, second = read(printed("epoch 3, gradient:", torch.ones(1), "and more"))
    assert isinstance(first, Line)
    assert (second.label, second.shape) == ("", (1,))


def test_numbers_among_words_are_read_with_the_words_before_them():
    line = only(printed(f"epoch {3}, loss {0.25:.3f}, accuracy: {-1e-3}"))
    assert line.labels == ("epoch", ", loss", ", accuracy :")
    assert line.values.tolist() == [[3, 0.25, -0.001]]
    assert line.integers.tolist() == [True, False, False]
    assert line.units.tolist() == pytest.approx([0, 1e-3, 1e-3])


def test_lines_in_the_same_words_are_read_as_one_block():
    text = "\n".join(f"epoch {epoch}, loss {1 / epoch:.4f}" for epoch in (1, 2, 4))
    block = only(printed(text))
    assert block.values.tolist() == [[1, 1], [2, 0.5], [4, 0.25]]


def test_numbers_alone_are_numbers():
    assert [item.values.item() for item in read(printed(3, -2.5, 1e-3))] == [3, -2.5, 1e-3]
    assert [item.values.item() for item in read(printed("10-20"))] == [10, 20]
    assert only(result("loss 0.5")).labels == ("loss",)


FLEETING = [
    "0.17312 sec",
    "took 3.2 s",
    "time: 0.25",
    "1532.4 examples/sec on cuda:0",
    "CPU times: user 3 µs, sys: 0 ns, total: 3 µs\nWall time: 5.01 µs",
    "1.2 ms ± 3.4 µs per loop (mean ± std. dev. of 7 runs, 1,000 loops each)",
    " 45%|████▌     | 45/100 [00:03<00:03, 14.5it/s]",
    "<torch._C.Generator object at 0x7f2659b2c0d0>",
    "<function f at 0x7f26>",
    "2024-09-24 21:07:33",
]


@pytest.mark.parametrize("text", FLEETING)
def test_times_speeds_addresses_and_progress_bars_are_no_values(text):
    items = read(printed(text), new_output("execute_result", data={"text/plain": text}))
    assert not [item for item in items if not isinstance(item, Text) or item.is_value]


def test_parts_of_a_plot_functions_and_addresses_are_not_results():
    """They depend on how a cell ends, with `plt.plot(…)`, `;` or `plt.show()`, or on chance."""
    for value in (
        "[<matplotlib.lines.Line2D at 0x7f12ab>,\n <matplotlib.lines.Line2D at 0x7f12cd>]",
        "<Axes: title={'center': 'loss'}, xlabel='epoch'>",
        "array([<Axes: >, <Axes: title={'center': 'b'}>], dtype=object)",
        "Text(0.5, 1.0, 'loss')",
        "[Text(0.5, 1.0, 'a'), Text(0.5, 0, 'b, c')]",
        "<Figure size 640x480 with 1 Axes>",
        "<BarContainer object of 3 artists>",
        "<function __main__.f(x)>",
        "<bound method Net.forward of <__main__.Net object at 0x7f12ab>>",
        "<bound method Net.forward of Net(\n  (net): Linear(in_features=2, out_features=1)\n)>",
        "<module 'torch' from '/usr/lib/python3/torch/__init__.py'>",
        "(<__main__.Thing object at 0x7f12ab>, <generator object f at 0x7f12cd>)",
    ):
        assert read(new_output("execute_result", data={"text/plain": value})) == [], value


def test_values_next_to_parts_of_a_plot_are_results():
    histogram = "(array([1., 2.]), array([0., 1., 2.]), <BarContainer object of 2 artists>)"
    items = read(new_output("execute_result", data={"text/plain": histogram}))
    assert [item.values.tolist() for item in items] == [[1, 2], [0, 1, 2]]
    things = "[<__main__.Thing object at 0x7f12ab>, 1, 2.5]"
    items = read(new_output("execute_result", data={"text/plain": things}))
    assert [item.values.item() for item in items] == [1, 2.5]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("[<Color.RED: 1>, 'x']", ["< Color.RED : 1", "x"]),
        ("<class 'torch.Tensor'>", ["torch.Tensor"]),
        ("<Thing red>", ["< Thing red"]),
    ],
)
def test_other_objects_are_read_as_they_are_shown(value, shown):
    items = read(new_output("execute_result", data={"text/plain": value}))
    assert [item.text for item in items] == shown


def test_a_call_by_the_name_of_a_plots_text_is_read_with_its_numbers():
    assert only(result("Text(3)")).values.tolist() == [[3]]


def test_what_a_terminal_would_overwrite_is_not_read():
    assert only(printed("10%\r20%\rloss \x1b[1m0.5\x1b[0m")).values.tolist() == [[0.5]]


def test_warnings_are_not_read():
    assert read(new_output("stream", name="stderr", text="UserWarning: 3 of 4")) == []


FRAME = pd.DataFrame(
    {"NumRooms": [np.nan, 2.0, -4.5], "Roof": [None, "Slate", "x y"], "is_new": [True, False, True]}
)


@pytest.mark.parametrize("show", [result, printed])
def test_frames_are_read_cell_by_cell(show):
    table = only(show(FRAME))
    assert table.columns == ("", "NumRooms", "Roof", "is_new")
    nan, *rest = table.rows[0][1:]
    assert math.isnan(nan)
    assert math.isnan(rest[0])
    assert rest[1] == "True"
    assert table.rows[1] == (1.0, 2.0, "Slate", "False")
    assert table.rows[2] == (2.0, -4.5, "x y", "True")


@pytest.mark.parametrize("seed", range(5))
def test_frames_of_random_numbers_are_read_back(seed):
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(generator.standard_normal((7, 3)), columns=list("abc"))
    for show in (result, printed):
        table = only(show(frame))
        values = np.array([row[1:] for row in table.rows])
        np.testing.assert_allclose(values, frame.to_numpy(), atol=0.6e-6)


def test_a_long_frame_is_read_with_what_is_shown_of_it():
    for show in (result, printed):
        table = next(i for i in read(show(pd.DataFrame(np.ones((100, 2))))) if isinstance(i, Table))
        assert (len(table.rows), table.rows[0]) == (11, (0.0, 1.0, 1.0))


def test_pictures_are_read_by_their_size():
    png = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAADCAIAAADUVFKvAAAADElEQVR4nGNgoBMAAABpAAGtM8XqAAAAAElFTkSu"
    svg = (
        '<?xml version="1.0"?><svg xmlns="x" width="252pt" height="180.5pt" viewBox="0 0 9 9"><g/>'
    )
    assert only(shown_as("image/png", png)) == Picture(5, 3)
    assert only(shown_as("image/svg+xml", svg)) == Picture(252, 180.5)
    assert only(shown_as("image/png", "no picture")) == Picture(0, 0)
    assert only(shown_as("image/jpeg", "")) == Picture(0, 0)


def test_points_beside_a_picture_are_read_instead_of_it():
    points = {"loss": [[1, 0.5], [2, "nan"], [3, "-inf"], [4, None]]}
    data = {"image/svg+xml": "<svg/>", "application/vnd.d2l.points+json": points}
    curves = only(new_output("display_data", data=data))
    assert curves.what == "curves loss"
    np.testing.assert_array_equal(curves.curves[0].x, [1, 2, 3, 4])
    np.testing.assert_array_equal(curves.curves[0].y, [0.5, math.nan, -math.inf, math.nan])


def test_a_hint_of_the_tutor_is_not_a_result():
    hint = {"application/vnd.d2l.hint+json": {"kind": "loss-summed"}, "text/plain": "hint 0.5"}
    assert read(new_output("display_data", data=hint)) == []


FORGED = [
    [], {}, 3, None, "{", "[" * 100_000, {"a": []}, {"a": [[1]]}, {"a": [[1, "x"]]}, {"a": [1, 2]},
    {"a": [[True, False]]}, {str(i): [[1, 1]] for i in range(100)}, {"a": [[1, 1]] * 100_000},
    {3: [[1, 1]]}, {"a": {"b": 1}},
]  # fmt: skip


@pytest.mark.parametrize("points", FORGED, ids=lambda points: str(points)[:20])
def test_points_of_another_form_leave_the_picture(points):
    data = {"image/svg+xml": "<svg/>", "application/vnd.d2l.points+json": points}
    assert isinstance(only({"output_type": "display_data", "data": data}), Picture)


def test_huge_numbers_among_points_become_infinite():
    data = {"application/vnd.d2l.points+json": {"a": [[1, 10**400]]}}
    (curve,) = only({"output_type": "display_data", "data": data}).curves
    assert curve.y.tolist() == [math.inf]


def test_errors_are_read_by_their_name():
    output = new_output("error", ename="ValueError", evalue="bad", traceback=["..."])
    assert only(output) == Failure("ValueError", "bad")


def test_a_board_with_points_reads_as_curves():
    data = {"application/vnd.d2l.points+json": '{"a": [[1, 2]]}'}
    assert isinstance(only(new_output("display_data", data=data)), Curves)


def shown_as(kind, data):
    return new_output("display_data", data={kind: data, "text/plain": "<Figure size 1x1>"})


def test_a_table_is_described_by_its_rows_and_columns_without_the_index():
    item = only(result(pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})))
    assert item.what == "table of 3 rows and 2 columns"


@pytest.mark.parametrize(
    ("words", "is_value"),
    [
        (torch.float32, True), (int, True), (torch.nn.Linear, True), (None, True),
        ("done", False), ("the class of today", False), ("all tests passed", False),
    ],
)  # fmt: skip
def test_printed_words_are_a_value_if_they_name_a_type_or_a_constant(words, is_value):
    assert only(printed(words)).is_value == is_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([None, "a"], ["None", "a"]),
        ((torch.float32, torch.int64), ["torch.float32", "torch.int64"]),
        (["a", "b"], ["a b"]),
        ([None, 2.5], ["None", 2.5]),
        ([torch.float32, 1], ["torch.float32", 1]),
        (None, ["None"]),
        ([1, [2, 3]], [1, [2, 3]]),
        ([[1, 2], [3]], [[1, 2], [3]]),
    ],
)
def test_a_container_of_different_things_is_read_thing_by_thing(value, shown):
    items = read(result(value))
    found = [item.text if isinstance(item, Text) else item.values.tolist() for item in items]
    assert found == [[one] if isinstance(one, int | float) else one for one in shown]
