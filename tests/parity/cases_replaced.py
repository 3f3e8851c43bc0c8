"""Names that a reader replaces on the face: the library's own code uses the new one."""

import contextlib
import importlib
import inspect

import torch
from registry import same
from torch import nn


@contextlib.contextmanager
def replaced(d2l, name, new):
    """`d2l.name = new`, until the end; `d2l` may stand in for the face."""
    face, original = importlib.import_module("d2l.torch"), getattr(d2l, name)
    setattr(face, name, new(original) if inspect.isfunction(new) else new)
    try:
        yield
    finally:
        setattr(face, name, original)


def noting(calls):
    """A function or class around the original that notes each call."""

    def new(original):
        if inspect.isclass(original):

            class Noting(original):
                def __init__(self, *args, **kwargs):
                    calls.append(original.__name__)
                    super().__init__(*args, **kwargs)

            return Noting

        def noted(*args, **kwargs):
            calls.append(original.__name__)
            return original(*args, **kwargs)

        return noted

    return new


def calls_of(d2l, name, run):
    """Whether the new `d2l.name` was called while this ran, and that it is gone afterwards."""
    calls, before = [], getattr(d2l, name)
    with replaced(d2l, name, noting(calls)):
        run()
    during, after = bool(calls), len(calls)
    run()
    return during, len(calls) == after, getattr(d2l, name) is before


def twice(original):
    return lambda *args, **kwargs: 2 * original(*args, **kwargs)


X, Y = torch.arange(12.0).reshape(4, 3), torch.tensor([2, 0, 2, 1])
SCORES, LENS = torch.linspace(-1, 1, 24).reshape(2, 3, 4), torch.tensor([2, 4])


@same("accuracy", "evaluate_accuracy_gpu")
def another_accuracy_is_what_is_evaluated(d2l):
    with replaced(d2l, "accuracy", twice):
        changed = d2l.evaluate_accuracy_gpu(nn.Identity(), [(X, Y)], "cpu")
    return changed, d2l.evaluate_accuracy_gpu(nn.Identity(), [(X, Y)], "cpu")


@same("masked_softmax", "DotProductAttention")
def another_masked_softmax_is_what_attention_uses(d2l):
    attention = d2l.DotProductAttention(0).eval()
    found = []
    with replaced(d2l, "masked_softmax", twice):
        found += [attention(SCORES, SCORES, SCORES, LENS), attention.attention_weights]
    return [*found, attention(SCORES, SCORES, SCORES, LENS), attention.attention_weights]


@same("masked_softmax", "AdditiveAttention")
def another_masked_softmax_is_what_additive_attention_uses(d2l):
    attention = d2l.AdditiveAttention(5, 0).eval()
    with replaced(d2l, "masked_softmax", twice):
        changed = attention(SCORES, SCORES, SCORES, LENS)
    return changed, attention(SCORES, SCORES, SCORES, LENS)


@same("sequence_mask", "MaskedSoftmaxCELoss")
def another_sequence_mask_is_what_the_masked_loss_uses(d2l):
    pred, label = torch.linspace(-1, 1, 24).reshape(2, 3, 4), torch.ones(2, 3, dtype=torch.int64)
    with replaced(d2l, "sequence_mask", twice):
        changed = d2l.MaskedSoftmaxCELoss()(pred, label, torch.tensor([1, 3]))
    return changed, d2l.MaskedSoftmaxCELoss()(pred, label, torch.tensor([1, 3]))


@same("num_gpus", "try_gpu", "cpu")
def another_count_of_gpus_is_what_try_gpu_asks(d2l):
    with replaced(d2l, "num_gpus", lambda _: lambda: 0):
        none = str(d2l.try_gpu())
    with replaced(d2l, "cpu", lambda _: lambda: torch.device("meta")):
        return none, str(d2l.try_gpu(99)), str(d2l.cpu())


@same("ProgressBoard", "Module")
def another_board_is_the_models(d2l):
    return calls_of(d2l, "ProgressBoard", d2l.Module)


@same("SGD", "LinearRegressionScratch")
def another_sgd_is_the_models_optimizer(d2l):
    return calls_of(d2l, "SGD", d2l.LinearRegressionScratch(2, 0.1).configure_optimizers)


@same("Timer", "Benchmark")
def another_timer_is_the_benchmarks(d2l):
    def run():
        with d2l.Benchmark():
            pass

    return calls_of(d2l, "Timer", run)


@same("GRU", "Seq2SeqEncoder")
def another_gru_is_the_encoders(d2l):
    return calls_of(d2l, "GRU", lambda: d2l.Seq2SeqEncoder(4, 5, 6, 1))


@same("AddNorm", "PositionWiseFFN", "MultiHeadAttention", "TransformerEncoderBlock")
def other_parts_are_the_transformers(d2l):
    def run():
        d2l.TransformerEncoderBlock(8, 9, 2, 0)

    names = ("AddNorm", "PositionWiseFFN", "MultiHeadAttention")
    return [calls_of(d2l, name, run) for name in names]


@same("PositionalEncoding", "TransformerEncoderBlock", "TransformerEncoder")
def other_parts_are_the_transformer_encoders(d2l):
    def run():
        d2l.TransformerEncoder(4, 8, 9, 2, 1, 0)

    return [calls_of(d2l, name, run) for name in ("PositionalEncoding", "TransformerEncoderBlock")]


@same("Residual", "resnet18")
def another_residual_is_the_resnets(d2l):
    return calls_of(d2l, "Residual", lambda: d2l.resnet18(3))


@same("linreg", "squared_loss", "evaluate_loss", "Animator", "Timer", "train_ch11")
def other_functions_are_those_of_the_loop_of_chapter_11(d2l):
    def step(params, states, hyperparams):
        for p in params:
            p.data.sub_(0.01 * p.grad)
            p.grad.data.zero_()

    data = [(torch.ones(10, 2), torch.ones(10))] * 25

    def run():
        d2l.train_ch11(step, None, {}, data, 2, num_epochs=1)

    names = ("linreg", "squared_loss", "evaluate_loss", "Animator", "Timer")
    return [calls_of(d2l, name, run) for name in names]


@same("evaluate_accuracy_gpu", "accuracy", "Accumulator", "train_ch6")
def other_functions_are_those_of_the_loop_of_chapter_6(d2l):
    data = [(torch.ones(4, 3), torch.tensor([0, 1, 2, 1]))] * 5

    def run():
        d2l.train_ch6(nn.Sequential(nn.Linear(3, 3)), data, data, 1, 0.1, d2l.cpu())

    names = ("evaluate_accuracy_gpu", "accuracy", "Accumulator")
    return [calls_of(d2l, name, run) for name in names]


@same("use_svg_display", "set_figsize", "set_axes", "plot")
def other_functions_draw(d2l):
    def run():
        d2l.set_figsize()
        d2l.plot([0, 1], [[1, 2]])

    return [calls_of(d2l, name, run) for name in ("use_svg_display", "set_axes")]


@same("truncate_pad", "build_array_nmt", "Vocab")
def another_truncate_pad_builds_the_arrays(d2l):
    vocab = d2l.Vocab(["a", "b"], reserved_tokens=["<pad>", "<eos>"])
    run = lambda: d2l.build_array_nmt([["a"], ["b", "a"]], vocab, 4)  # noqa: E731
    with replaced(d2l, "truncate_pad", lambda _: lambda line, n, pad: [pad] * n):
        changed = run()
    return changed, run()


@same("box_corner_to_center", "box_center_to_corner", "offset_inverse")
def other_conversions_of_boxes_are_used(d2l):
    anchors, offsets = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    names = ("box_corner_to_center", "box_center_to_corner")
    return [calls_of(d2l, name, lambda: d2l.offset_inverse(anchors, offsets)) for name in names]


@same("accuracy", "evaluate_loss", "evaluate_accuracy_gpu")
def a_name_may_be_given_to_another_function_and_back(d2l):
    given = replaced(d2l, "evaluate_loss", lambda _: d2l.accuracy)
    with given, replaced(d2l, "accuracy", twice):
        net, data = nn.Identity(), [(X, Y)]
        changed = d2l.evaluate_loss(X, Y), d2l.evaluate_accuracy_gpu(net, data, "cpu")
    back = d2l.evaluate_loss(nn.Identity(), [(X, X)], lambda a, b: a - b + 1)
    return changed, back, d2l.accuracy(X, Y)
