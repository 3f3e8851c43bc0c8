"""The checks on the values of the data and on which rows are where."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset, TensorDataset

from d2l.engine.tensor_loaders import ResidentLoader
from d2l.tutor.checks.input_data import (
    find_last_batch,
    find_not_finite,
    find_scale,
    find_scale_of_nan,
)
from d2l.tutor.checks.rows import find_leak, find_overlap
from d2l.tutor.evidence import Call, Evidence, Step


def linear_call(X, W):
    return Call("linear", (X, W, None), {}, F.linear(X, W))


def step_of(X, y, W=None, loss_value=math.nan, index=0):
    """A step of a linear model."""
    W = torch.randn(3, X.shape[1], requires_grad=True) if W is None else W
    call = linear_call(X, W)
    loss = Call("cross_entropy", (call.result, y), {}, None)
    calls = [call, loss]
    return Step(index, batch=(X, y), inputs=(X,), calls=calls, loss_value=loss_value, rates=(0.1,))


def first_step(X, y, lr=0.1):
    """The first step of softmax regression on X, after its backward pass."""
    W = (0.1 * torch.randn(10, X.shape[1], generator=torch.Generator().manual_seed(0))).clone()
    W.requires_grad_()
    call = linear_call(X, W)
    l = F.cross_entropy(call.result, y)
    l.backward()
    calls = [call, Call("cross_entropy", (call.result, y), {}, l)]
    step = Step(
        0, batch=(X, y), inputs=(X,), calls=calls, loss_value=float(l.detach()), rates=(lr,)
    )
    step.leaves = {"W": W}
    return step, W


def pixels(n=64, top=255):
    rng = torch.Generator().manual_seed(1)
    return torch.rand(n, 20, generator=rng) * top, torch.randint(0, 10, (n,), generator=rng)


def loaders(X, y, train, val, batch_size=32):
    made = [ResidentLoader((X[rows], y[rows]), batch_size, rows is train) for rows in (train, val)]
    return Evidence(None, train_loader=made[0], val_loader=made[1], batch_size=batch_size)


def test_nan_in_the_batch_is_named_with_its_column_and_counted_in_the_training_set():
    X, y = torch.randn(100, 5), torch.zeros(100, dtype=torch.int64)
    X[::10, 2] = math.nan
    evidence = Evidence(None, train_loader=ResidentLoader((X, y), 20))
    evidence.steps.append(step_of(X[:20], y[:20]))
    found = find_not_finite(evidence)
    assert found is not None
    assert found.evidence == {"rows": 10, "columns": 1, "first_column": 2}
    assert "column 2" in found.seen
    assert "10 of 100" in found.seen


def test_inf_of_a_label_is_named():
    X, y = torch.randn(8, 5), torch.ones(8, 1)
    y[3] = math.inf
    step = Step(4, batch=(X, y), inputs=(X,), calls=[Call("mse_loss", (X[:, :1], y), {}, None)])
    found = find_not_finite(Evidence(None, steps=[step]))
    assert found is not None
    assert "labels" in found.seen


def test_nan_of_a_stored_set_is_found_where_the_batch_that_had_it_is_gone():
    X, y = torch.randn(100, 5), torch.zeros(100, dtype=torch.int64)
    X[50, 4] = math.nan
    evidence = Evidence(None, train_loader=ResidentLoader((X, y), 20))
    evidence.steps.append(Step(9, batch=(X[:20], y[:20])))
    assert find_not_finite(evidence) is not None


def test_nan_that_the_program_fills_is_not_the_cause_of_a_loss_that_is_nan():
    X, y = torch.randn(8, 5), torch.zeros(8, dtype=torch.int64)
    X[0, 0] = math.nan
    step = step_of(X, y)
    step.calls[0] = linear_call(torch.nan_to_num(X), torch.randn(3, 5, requires_grad=True))
    assert find_not_finite(Evidence(None, steps=[step])) is None


def test_a_mask_of_minus_inf_is_not_the_cause():
    X, y = torch.randn(8, 5), torch.zeros(8, dtype=torch.int64)
    step = step_of(X, y)
    step.inputs = (X, torch.full((8, 5), -math.inf).triu())
    assert find_not_finite(Evidence(None, steps=[step])) is None


@pytest.mark.parametrize("batch", [None, "text", {"X": None}, [1, 2.0, None], torch.tensor(3.0)])
def test_odd_batches_are_passed_over(batch):
    evidence = Evidence(None, steps=[Step(0, batch=batch)])
    assert find_not_finite(evidence) is None
    assert find_scale(evidence) is None
    assert find_last_batch(evidence) is None


def test_pixels_up_to_255_are_named_where_gradient_descent_begins_far_above_chance():
    X, y = pixels()
    step, W = first_step(X, y)
    found = find_scale(Evidence(None, torch.optim.SGD([W], lr=0.1), steps=[step]))
    assert found is not None
    assert "255" in found.fix
    assert found.evidence["loss"] > 3 * math.log(10)


@pytest.mark.parametrize("top", [1, 5])
def test_small_inputs_are_not_named(top):
    step, W = first_step(*pixels(top=top))
    assert find_scale(Evidence(None, torch.optim.SGD([W], lr=0.1), steps=[step])) is None


def test_large_inputs_are_not_named_with_a_rate_that_suits_them():
    step, W = first_step(*pixels(), lr=1e-6)
    assert find_scale(Evidence(None, torch.optim.SGD([W], lr=1e-6), steps=[step])) is None


def test_large_inputs_are_not_named_with_adam():
    step, W = first_step(*pixels())
    assert find_scale(Evidence(None, torch.optim.Adam([W], lr=0.001), steps=[step])) is None


def test_large_inputs_that_batch_norm_scales_are_not_named():
    X, y = pixels()
    step, W = first_step(F.batch_norm(X, None, None, training=True), y)
    step.inputs = (X,)
    assert find_scale(Evidence(None, torch.optim.SGD([W], lr=0.1), steps=[step])) is None


def test_large_inputs_are_named_where_gradient_descent_ends_in_nan():
    X, y = pixels()
    evidence = Evidence(None, [torch.ones(1)], steps=[step_of(X, y, index=5)])
    assert find_scale_of_nan(evidence) is not None
    evidence = Evidence(None, [torch.ones(1)], steps=[step_of(X / 255, y, index=5)])
    assert find_scale_of_nan(evidence) is None


def with_batch_norm(n, batch_size, X, training=True, **options):
    data = TensorDataset(torch.randn(n, 4), torch.zeros(n))
    call = Call("batch_norm", (X, None, None), {"training": training}, X)
    loader = DataLoader(data, batch_size, **options)
    return Evidence(None, train_loader=loader, steps=[Step(0, calls=[call])])


def test_a_last_batch_of_one_example_is_named_with_batch_norm():
    found = find_last_batch(with_batch_norm(33, 16, torch.randn(16, 4), shuffle=True))
    assert found is not None
    assert found.evidence == {"num_train": 33, "batch_size": 16}


@pytest.mark.parametrize(
    "evidence",
    [
        with_batch_norm(32, 16, torch.randn(16, 4)),
        with_batch_norm(33, 16, torch.randn(16, 4), drop_last=True),
        with_batch_norm(33, 16, torch.randn(16, 4), training=False),
        with_batch_norm(33, 16, torch.randn(16, 4, 5, 5)),
    ],
)
def test_a_last_batch_that_can_be_normalised_is_not_named(evidence):
    assert find_last_batch(evidence) is None


def table(n=400):
    rng = torch.Generator().manual_seed(2)
    return torch.randn(n, 6, generator=rng), torch.randn(n, 1, generator=rng)


def test_validation_rows_that_are_training_rows_are_counted():
    X, y = table()
    found = find_overlap(loaders(X, y, slice(0, 300), slice(250, 400)))
    assert found is not None
    assert found.evidence["share"] == pytest.approx(50 / 150)
    assert find_overlap(loaders(X, y, slice(0, 300), slice(300, 400))) is None


def test_bytes_of_pictures_are_compared():
    X = torch.randint(0, 256, (300, 1, 9, 9), dtype=torch.uint8)
    y = torch.randint(0, 10, (300,))
    found = find_overlap(loaders(X, y, slice(0, 200), slice(0, 200)))
    assert found is not None
    assert found.evidence["share"] == 1
    assert find_overlap(loaders(X, y, slice(0, 200), slice(200, 300))) is None


def test_pictures_that_repeat_everywhere_are_no_overlap():
    X, y = table(60)
    X, y = X.repeat(10, 1), y.repeat(10, 1)
    order = torch.randperm(600)
    assert find_overlap(loaders(X[order], y[order], slice(0, 400), slice(400, 600))) is None


def test_pictures_that_repeat_in_training_alone_are_no_overlap():
    X, y = table(200)
    X, y = torch.cat([X[:50].repeat(4, 1), X[50:]]), torch.cat([y[:50].repeat(4, 1), y[50:]])
    assert find_overlap(loaders(X, y, slice(0, 200), slice(200, 350))) is None


def test_a_table_of_few_possible_rows_may_be_the_same_in_both():
    X = torch.cartesian_prod(*[torch.arange(2.0)] * 8)
    y = X.sum(1, keepdim=True) % 2
    assert find_overlap(loaders(X, y, slice(0, 256), slice(0, 256))) is None


def test_points_of_a_grid_may_be_the_same_in_both():
    X = torch.linspace(0, 1, 200).reshape(-1, 1)
    assert find_overlap(loaders(X, X**2, slice(0, 200), slice(0, 200))) is None


def test_one_batch_that_is_learned_by_heart_may_be_validated_on():
    X, y = table(64)
    evidence = loaders(X, y, slice(0, 64), slice(0, 64), batch_size=64)
    assert find_overlap(evidence) is None


def test_other_labels_make_other_rows():
    X, y = table(200)
    evidence = loaders(torch.cat([X, X]), torch.cat([y, -y]), slice(0, 200), slice(200, 400))
    assert find_overlap(evidence) is None


def test_subsets_of_one_data_set_are_compared_by_number():
    class Counted(TensorDataset):
        """The reader's, whose rows are not looked at."""

    data = Counted(*table(300))
    train = DataLoader(Subset(data, list(range(200))), 16, shuffle=True)
    both = DataLoader(Subset(data, list(range(100, 200))), 16)
    other = DataLoader(Subset(data, list(range(200, 300))), 16)
    assert find_overlap(Evidence(None, train_loader=train, val_loader=both)) is not None
    assert find_overlap(Evidence(None, train_loader=train, val_loader=other)) is None


def test_a_column_that_is_the_labels_is_named():
    X, y = table(200)
    X = torch.cat([X[:, :2], y, X[:, 2:]], dim=1)
    evidence = Evidence(nn.Linear(7, 1), train_loader=ResidentLoader((X, y), 32))
    found = find_leak(evidence)
    assert found is not None
    assert found.evidence["column"] == 2


@pytest.mark.parametrize("model", [nn.Linear(6, 1), nn.LSTM(1, 4)])
def test_inputs_beside_the_labels_are_not_named(model):
    X, y = table(200)
    assert find_leak(Evidence(model, train_loader=ResidentLoader((X, y), 32))) is None
    assert find_leak(Evidence(model, train_loader=ResidentLoader((X, X), 32))) is None


def test_a_series_whose_first_value_is_to_be_remembered_is_not_named():
    X, _ = table(200)
    evidence = Evidence(nn.LSTM(1, 4), train_loader=ResidentLoader((X, X[:, 0]), 32))
    assert find_leak(evidence) is None
