"""The kinds of value that homework prints, as programs that print them: for `bench.calibration`.

A kind draws the program (its shapes, scales, digits), and the program draws what a run shows.
"""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from bench import calibration_training as training

Output = dict[str, Any]
Chance = np.random.Generator
Program = Callable[[Chance], list[Output]]
SHAPES = ((), (2,), (5,), (3, 4), (2, 3, 4), (8, 8), (100,), (2, 10), (20, 4))


def printed(*values: object) -> Output:
    """Return what `print` leaves."""
    text = io.StringIO()
    print(*values, file=text)
    return {"output_type": "stream", "name": "stdout", "text": text.getvalue()}


def shown(value: object) -> Output:
    """Return what a cell shows whose last expression is `value`."""
    data = {"text/plain": repr(value)}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return {"output_type": "execute_result", "data": data, "metadata": {}}


def tensor(values: np.ndarray) -> Output:
    """Return what a cell shows whose last expression is a tensor of float32."""
    return shown(torch.tensor(np.asarray(values), dtype=torch.float32))


def board(curves: dict[str, Sequence[float]], per_epoch: int = 1) -> Output:
    """Return what a progress board leaves."""
    points = {
        label: [[(i + 1) / per_epoch, float(y)] for i, y in enumerate(ys)]
        for label, ys in curves.items()
    }
    data = {"image/svg+xml": "<svg/>", "application/vnd.d2l.points+json": points}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _shape(draw: Chance) -> tuple[int, ...]:
    return SHAPES[draw.integers(len(SHAPES))]


def _arrays(sample: Callable[[Chance, tuple[int, ...]], np.ndarray]) -> Callable[[Chance], Program]:
    def kind(draw: Chance) -> Program:
        shape, scale = _shape(draw), 10.0 ** draw.integers(-3, 3)
        shift = draw.choice([0.0, 0.0, 5.0])
        form = draw.choice([tensor, shown])
        return lambda chance: [form(scale * (sample(chance, shape) + shift))]

    return kind


def _numbers(sample: Callable[[Chance], float]) -> Callable[[Chance], Program]:
    def kind(draw: Chance) -> Program:
        digits, count = draw.integers(2, 5), draw.integers(1, 4)
        words = ["mean", "variance", "largest"][:count]
        return lambda chance: [printed(f"{w} {sample(chance):.{digits}f}") for w in words]

    return kind


def _proportions(draw: Chance) -> Program:
    n, p = int(10.0 ** draw.uniform(2, 4)), draw.uniform(0.5, 0.99)
    form = draw.choice(["accuracy {:.2f}", "acc: {:.3f}", "{:.4f}", "test accuracy {:.1%}"])
    return lambda chance: [printed(form.format(chance.binomial(n, p) / n))]


def _counts(draw: Chance) -> Program:
    n, k = int(draw.choice([20, 100, 1000])), int(draw.choice([2, 3, 6, 10]))
    p = draw.uniform(0.1, 0.9)
    forms: list[Program] = [
        lambda chance: [printed("heads:", chance.binomial(n, p))],
        lambda chance: [printed(f"{chance.binomial(n, p)} of {n} are right")],
        lambda chance: [shown(torch.bincount(torch.tensor(chance.integers(0, k, n)), minlength=k))],
        lambda chance: [shown(torch.tensor(chance.integers(1, 7, 12)))],
        lambda chance: [shown(chance.poisson(4, 10))],
        lambda chance: [shown(chance.multinomial(n, [1 / k] * k))],
    ]
    return forms[draw.integers(len(forms))]


def _orders(draw: Chance) -> Program:
    n = int(draw.choice([5, 10, 20, 50]))
    forms: list[Program] = [
        lambda chance: [shown(torch.tensor(chance.permutation(n)))],
        lambda chance: [shown(torch.tensor(chance.choice(n, n // 2, replace=False)))],
        lambda chance: [shown(torch.tensor(chance.choice(n, n)))],
        lambda chance: [shown(np.sort(chance.random(n)))],
        lambda chance: [shown(torch.tensor(chance.permutation(np.arange(n) % 3)))],
    ]
    return forms[draw.integers(len(forms))]


def _weights(draw: Chance) -> Program:
    n = int(draw.integers(2, 12))
    level, deviation = 3 * draw.standard_normal(n), 10.0 ** draw.uniform(-4, -1, n)
    common = 10.0 ** draw.uniform(-4, -1) * draw.choice([0, 1])
    return lambda chance: [
        printed("w:", torch.tensor(chance.normal(level, deviation) + common * chance.normal()))
    ]


def _activations(draw: Chance) -> Program:
    """Outputs of models that were not trained: rows and columns move together."""
    inputs, hidden, out, rows = 20, int(draw.choice([8, 64])), int(draw.choice([3, 10])), 2
    last = draw.choice(["none", "softmax", "relu", "dropout"])

    def program(chance: Chance) -> list[Output]:
        X = torch.tensor(chance.random((rows, inputs)))
        W, V = chance.normal(size=(inputs, hidden)), chance.normal(size=(hidden, out))
        H = torch.relu(X @ torch.tensor(W / inputs**0.5)) @ torch.tensor(V / hidden**0.5)
        if last == "softmax":
            H = H.softmax(1)
        elif last == "relu":
            H = H.relu()
        elif last == "dropout":
            H = torch.ones(4, 8) * torch.tensor(2.0 * (chance.random((4, 8)) < 0.5))
        return [shown(H.float())]

    return program


def _tables(draw: Chance) -> Program:
    rows, columns = int(draw.integers(2, 8)), int(draw.integers(1, 4))
    levels = 10.0 ** draw.uniform(-1, 4, (rows, columns)) * draw.choice([0, 1])
    names = [f"model {i}" for i in range(rows)]

    def program(chance: Chance) -> list[Output]:
        values = levels * (1 + 0.02 * chance.standard_normal(levels.shape))
        values += chance.standard_normal(levels.shape)
        frame = pd.DataFrame(values, names, [f"c{i}" for i in range(columns)])
        return [shown(frame.round(3))]

    return program


def _sample(draw: Chance) -> Callable[[Chance], training.Run]:
    runs = training.runs(draw.choice(list(training.TASKS)))
    own = draw.permutation(len(runs))
    drawn = iter(own)
    return lambda chance: runs[next(drawn, own[chance.integers(len(own))])]


def _trained(draw: Chance) -> Program:
    sample = _sample(draw)
    digits = int(draw.choice([2, 3, 4]))
    forms: list[Callable[[training.Run], list[Output]]] = [
        lambda run: [printed(f"loss {run.val_loss[-1]:.{digits}f}")],
        lambda run: [printed(f"train acc {run.train_acc:.3f}, val acc {run.val_acc[-1]:.3f}")],
        lambda run: [shown(torch.tensor(run.weight[:6]))],
        lambda run: [printed("bias", torch.tensor(run.bias[:3]))],
        lambda run: [
            printed(f"epoch {i + 1}, loss {a:.{digits}f}, val {b:.{digits}f}")
            for i, (a, b) in enumerate(zip(run.train_loss, run.val_loss, strict=True))
        ],
    ]
    form = forms[draw.integers(len(forms))]
    return lambda chance: form(sample(chance))


def _boards(draw: Chance) -> Program:
    sample, is_long = _sample(draw), draw.random() < 0.5

    def program(chance: Chance) -> list[Output]:
        run = sample(chance)
        train = run.batch_loss if is_long else run.train_loss
        if is_long:
            return [board({"train_loss": train}, 8)]
        return [board({"train_loss": train, "val_loss": run.val_loss})]

    return program


def _walks(draw: Chance) -> Program:
    n, scale = int(draw.choice([20, 100])), 10.0 ** draw.integers(-1, 2)
    return lambda chance: [board({"mean": scale * chance.random(n).cumsum() / np.arange(1, n + 1)})]


def _fixed(draw: Chance) -> Program:
    """Pictures, times and values that are computed: only what must not count differs."""
    values, level = draw.standard_normal((3, 4)), draw.standard_normal()

    def program(chance: Chance) -> list[Output]:
        width = 300 + chance.integers(300)
        picture = {"image/svg+xml": f'<svg width="{width}pt" height="200pt"></svg>'}
        return [
            tensor(values + 1e-7 * chance.standard_normal((3, 4))),
            printed(f"{level:.4f}"),
            printed(f"took {chance.random():.3f} sec"),
            {"output_type": "display_data", "data": picture, "metadata": {}},
        ]

    return program


KINDS: dict[str, Callable[[Chance], Program]] = {
    "normal arrays": _arrays(lambda chance, shape: chance.standard_normal(shape)),
    "uniform arrays": _arrays(lambda chance, shape: chance.random(shape)),
    "exponential arrays": _arrays(lambda chance, shape: chance.exponential(size=shape)),
    "heavy-tailed arrays": _arrays(lambda chance, shape: chance.standard_t(2.5, shape)),
    "lognormal arrays": _arrays(lambda chance, shape: chance.lognormal(0, 1, shape)),
    "Cauchy arrays": _arrays(lambda chance, shape: chance.standard_cauchy(shape)),
    "normal numbers": _numbers(lambda chance: chance.normal(1, 0.2)),
    "uniform numbers": _numbers(lambda chance: chance.random()),
    "exponential numbers": _numbers(lambda chance: chance.exponential()),
    "heavy-tailed numbers": _numbers(lambda chance: chance.standard_t(2.5)),
    "proportions": _proportions,
    "counts": _counts,
    "orders": _orders,
    "weights": _weights,
    "activations": _activations,
    "tables": _tables,
    "trained models": _trained,
    "boards": _boards,
    "running means": _walks,
    "pictures, times, computed values": _fixed,
}
