"""The checks on the order and the shares of labels, on padding, and on pairs."""

import pytest
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from d2l.engine.tensor_loaders import ResidentLoader
from d2l.tutor.checks.labels import find_order, find_padding, find_shares
from d2l.tutor.checks.pairs import find_pairs, find_shift
from d2l.tutor.evidence import Call, Evidence, Step
from d2l.tutor.loader_data import dependence


def seen(batches, loader=None):
    """Evidence of a classifier that was given these batches of labels."""
    last = batches[-1]
    call = Call("cross_entropy", (torch.zeros(len(last), 10), last), {}, None)
    evidence = Evidence(None, train_loader=loader, steps=[Step(len(batches) - 1, calls=[call])])
    evidence.labels = list(batches)
    return evidence


def by_class(num_classes=10, each=40):
    return torch.arange(num_classes).repeat_interleave(each)


def stored_in(y, batch_size=32, shuffle=False):
    X = torch.randn(len(y), 3)
    loader = ResidentLoader((X, y), batch_size, shuffle)
    return seen([y[:batch_size]], loader)


def test_stored_labels_that_are_sorted_and_not_shuffled_are_named_at_the_first_batch():
    found = find_order(stored_in(by_class()))
    assert found is not None
    assert found.evidence == {"classes_in_first_batch": 1, "num_classes": 10}


def test_a_sequential_data_loader_is_known_too():
    y = by_class(2, 200)
    loader = DataLoader(TensorDataset(torch.randn(400, 3), y), 32)
    assert find_order(seen([y[:32]], loader)) is not None
    loader = DataLoader(TensorDataset(torch.randn(400, 3), y), 32, shuffle=True)
    assert find_order(seen([y[:32]], loader)) is None


@pytest.mark.parametrize(
    "evidence",
    [
        stored_in(by_class(), shuffle=True),
        stored_in(by_class()[torch.randperm(400)]),
        stored_in(by_class(), batch_size=400),
        stored_in(by_class(10, 4)),
        stored_in(torch.tensor([0] * 197 + [1] * 3)),
        stored_in(torch.arange(200) // 10 % 4),
        stored_in(torch.zeros(200, dtype=torch.int64)),
    ],
    ids=["shuffled", "mixed", "one batch", "few", "rare class", "series", "one class"],
)
def test_other_orders_of_stored_labels_are_not_named(evidence):
    assert find_order(evidence) is None


def test_a_program_that_shuffles_its_batches_by_itself_is_not_named():
    y = by_class()
    evidence = stored_in(y)
    evidence.labels = [y[torch.randperm(400)[:32]]]
    assert find_order(evidence) is None


def test_labels_that_are_seen_sorted_are_named_without_a_loader():
    batches = by_class(10, 205).split(64)
    fired = [i for i in range(1, 33) if find_order(seen(batches[:i])) is not None]
    assert fired
    assert fired[0] <= 16


def test_batches_of_one_class_in_a_random_order_are_not_named():
    for seed in range(50):
        order = torch.randperm(200, generator=torch.Generator().manual_seed(seed)).tolist()
        batches = [torch.full((8,), i % 10) for i in order]
        assert all(find_order(seen(batches[:i])) is None for i in range(1, 65))


def test_batches_of_one_class_in_turn_are_not_named():
    batches = [torch.full((32,), i % 10) for i in range(64)]
    assert all(find_order(seen(batches[:i])) is None for i in range(1, 65))


def answered(y_hat, y, weight=None, reduction="mean", num_steps=8):
    """Evidence of steps that all gave `y_hat` for `y`."""
    X, evidence = torch.randn(len(y), 3), Evidence(None)
    for i in range(num_steps):
        options = {"weight": weight, "reduction": reduction}
        step = Step(40 + i, inputs=(X,), calls=[Call("cross_entropy", (y_hat, y), options, None)])
        step.answers = y_hat.argmax(1), y
        evidence.steps.append(step)
        evidence.labels.append(y)
    return evidence


RARE = torch.tensor(([0] * 19 + [1]) * 5)
ALWAYS_0 = torch.tensor([[1.0, 0.0]]).repeat(100, 1)


def test_a_rare_class_that_is_never_answered_is_named():
    found = find_shares(answered(ALWAYS_0, RARE))
    assert found is not None
    assert found.evidence["num_rare"] == 40
    assert "[0.526, 10]" in found.fix


def test_imbalance_is_not_named_where_it_is_dealt_with_or_the_rare_class_is_answered():
    weight = torch.tensor([0.05, 0.95])
    assert find_shares(answered(ALWAYS_0, RARE, weight)) is None
    assert find_shares(answered(ALWAYS_0, RARE, reduction="none")) is None
    answers = ALWAYS_0.clone()
    answers[3] = torch.tensor([0.0, 1.0])
    assert find_shares(answered(answers, RARE)) is None
    assert find_shares(answered(ALWAYS_0, RARE, num_steps=3)) is None


def test_even_classes_of_which_one_is_answered_are_not_named():
    assert find_shares(answered(ALWAYS_0, torch.arange(100) % 2)) is None


def test_tokens_of_a_text_are_not_named():
    evidence = answered(ALWAYS_0, RARE)
    for step in evidence.steps:
        step.inputs = (torch.zeros(10, 10, dtype=torch.int64),)
    assert find_shares(evidence) is None


def padded(lengths, num_steps=10, pad=3, first=4):
    rows = torch.randint(first, 30, (len(lengths), num_steps))
    is_pad = torch.arange(num_steps) >= torch.tensor(lengths).unsqueeze(1)
    return rows.masked_fill(is_pad, pad)


LENGTHS = [2, 3, 4, 5, 6, 7, 8, 9] * 4


def translation(X, Y, flat=True, **options):
    calls, target, scores = [], Y, torch.zeros(len(Y), 30, Y.shape[1])
    if flat:
        target, scores = Y.reshape(-1), torch.zeros(Y.numel(), 30)
        calls.append(Call("reshape", (Y, -1), {}, target))
    calls.append(Call("cross_entropy", (scores, target), options, None))
    return Evidence(None, steps=[Step(0, inputs=(X,), calls=calls)])


@pytest.mark.parametrize("flat", [True, False])
def test_padding_that_the_loss_reads_is_named(flat):
    found = find_padding(translation(padded(LENGTHS), padded(LENGTHS), flat))
    assert found is not None
    assert found.evidence["padding"] == 3
    assert "ignore_index=3" in found.fix


@pytest.mark.parametrize(
    "options",
    [
        {"ignore_index": 3},
        {"reduction": "none"},
        {"weight": torch.ones(30).index_fill(0, torch.tensor([3]), 0)},
    ],
)
def test_padding_that_is_left_out_is_not_named(options):
    assert find_padding(translation(padded(LENGTHS), padded(LENGTHS), **options)) is None


def test_texts_without_padding_are_not_named():
    text = torch.randint(0, 5, (32, 11))
    assert find_padding(translation(text[:, :-1], text[:, 1:])) is None


def test_short_answers_with_blanks_are_not_named():
    blanks = padded([8, 9, 10, 9] * 8)
    assert find_padding(translation(blanks, blanks.clone())) is None


def test_phases_of_a_process_that_end_alike_are_not_named():
    phases = padded(LENGTHS, pad=40)
    assert find_padding(translation(torch.randn(32, 10, 4), phases)) is None


def points(n=1000, num_classes=4):
    rng = torch.Generator().manual_seed(4)
    y = torch.randint(0, num_classes, (n,), generator=rng)
    X = torch.randn(n, 12, generator=rng) + 1.5 * F.one_hot(y, 12)
    return X, y


def trained_on(X, y, loss=1.4, loader=None, inputs=None):
    """Evidence of an epoch of batches of 50, whose loss stayed at `loss`."""
    evidence = Evidence(None, train_loader=loader)
    for i, (a, b) in enumerate(zip(X.split(50), y.split(50), strict=True)):
        call = Call("cross_entropy", (torch.zeros(len(b), 4), b), {}, None)
        step = Step(i, inputs=(a,) if inputs is None else inputs, calls=[call], loss_value=loss)
        evidence.steps.append(step)
        evidence.labels.append(b)
        evidence.pairs.append((a, b))
    return evidence


def apart(y):
    return y[torch.randperm(len(y), generator=torch.Generator().manual_seed(5))]


def test_labels_of_other_inputs_are_named_where_the_loss_stays_at_chance():
    X, y = points()
    found = find_pairs(trained_on(X, apart(y)))
    assert found is not None
    assert found.evidence["num_pairs"] == 1000


def test_pairs_are_not_named_where_they_belong_together_and_the_model_is_slow():
    assert find_pairs(trained_on(*points())) is None


def test_pairs_are_not_named_where_the_loss_fell():
    X, y = points()
    assert find_pairs(trained_on(X, apart(y), loss=0.9)) is None


def test_pairs_are_not_named_where_they_cannot_be_judged():
    X, y = points()
    y = apart(y)
    assert find_pairs(trained_on((X > 0).float(), y)) is None  # bits
    assert find_pairs(trained_on((9 * X).long(), y)) is None  # signs
    assert find_pairs(trained_on(X[:300], y[:300])) is None  # few
    assert find_pairs(trained_on(X, y, inputs=(X, X))) is None  # two inputs
    numbers = torch.arange(50).repeat(20)
    assert find_pairs(trained_on(X, numbers, loss=4)) is None  # a contrastive loss


def test_labels_off_by_one_row_are_named_from_the_stored_order():
    X, y = points(1200)
    X, y = X[:-1], y[1:]
    loader = ResidentLoader((X, y), 50, shuffle=True)
    order = torch.randperm(1000)
    found = find_shift(trained_on(X[order], y[order], loader=loader))
    assert found is not None
    assert found.evidence["shift"] == -1


def test_labels_in_their_rows_or_in_any_order_are_not_named_as_shifted():
    X, y = points()
    for labels in (y, apart(y)):
        loader = ResidentLoader((X, labels), 50, shuffle=True)
        assert find_shift(trained_on(X, labels, loader=loader)) is None


def test_a_series_whose_next_value_cannot_be_told_is_not_named_as_shifted():
    series = torch.randn(1010, generator=torch.Generator().manual_seed(6))
    X, y = series.unfold(0, 5, 1)[:1000], (series[5:1005] > 0).long()
    loader = ResidentLoader((X, y), 50)
    assert find_shift(trained_on(X, y, loss=0.7, loader=loader)) is None


def test_dependence_is_large_for_pairs_and_small_for_strangers():
    X, y = points()
    assert dependence(X, y) > 20
    assert abs(dependence(X, apart(y))) < 5
    assert dependence(X, X[:, :1]) > 20


def test_dependence_draws_no_number_of_the_program():
    before = torch.get_rng_state()
    dependence(*points(200))
    assert torch.equal(torch.get_rng_state(), before)
