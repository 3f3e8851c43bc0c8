"""Whole runs with parameters in odd places, and with odd optimizers, rates and loops."""

from collections.abc import Callable
from typing import Any

import torch
from subjects_runs import add, data_of, fit, learned, model_of, net_of, start


class Plain:
    """Holds parameters and is no module."""

    def __init__(self) -> None:
        self.w, self.b = start(2, 1).requires_grad_(), torch.zeros(1, requires_grad=True)

    def parameters(self) -> list[torch.Tensor]:
        return [self.w, self.b]

    def __call__(self, X: torch.Tensor) -> torch.Tensor:
        return X @ self.w + self.b


def _placed(place: str) -> Callable[[Any], Any]:
    """A model whose parameters are not where modules have them; the optimizer knows them."""

    def run(d2l: Any) -> Any:
        plain = Plain()

        def init(self: Any) -> None:
            d2l.Module.__init__(self)
            self.lr = 0.1
            if place == "object":
                self.inner = plain
            elif place == "list":
                self.layers = [plain]
            elif place == "list of layers":
                self.layers = [net_of(d2l)]
            elif place == "dict":
                self.layers = {"a": plain}
            elif place == "attributes":
                self.w, self.b = plain.w, plain.b

        def found(self: Any) -> Any:
            if place == "object":
                return self.inner
            if place in ("list", "list of layers"):
                return self.layers[0]
            return self.layers["a"] if place == "dict" else plain

        model = model_of(
            d2l,
            __init__=init,
            forward=lambda self, X: found(self)(X),
            configure_optimizers=lambda self: torch.optim.SGD(found(self).parameters(), 0.1),
        )
        fit(d2l, model)
        return [p.detach() for p in found(model).parameters()]

    return run


for place in ("object", "list", "list of layers", "dict", "attributes", "globals"):
    add(f"parameters in {place}", _placed(place))

OPTIMIZERS = {
    "SGD": lambda self: torch.optim.SGD(self.parameters(), 0.1),
    "own SGD": lambda self: Descent(self.parameters(), 0.1),
    "momentum": lambda self: torch.optim.SGD(self.parameters(), 0.1, momentum=0.9),
    "Adam": lambda self: torch.optim.Adam(self.parameters(), 0.01),
    "rate 0": lambda self: torch.optim.SGD(self.parameters(), 0.0),
    "one of the parameters": lambda self: torch.optim.SGD([self.net.weight], 0.1),
    "groups": lambda self: torch.optim.SGD(
        [{"params": [self.net.weight], "lr": 0.2}, {"params": [self.net.bias]}], 0.1
    ),
}  # fmt: skip


class Descent:
    """An optimizer as readers write it."""

    def __init__(self, params: Any, lr: Any) -> None:
        self.params, self.lr = list(params), lr

    def step(self) -> None:
        with torch.no_grad():
            for param in self.params:
                param -= self.lr * param.grad

    def zero_grad(self) -> None:
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()


def _optimized(make: Any, lr: Any, **more: Any) -> Callable[[Any], Any]:
    def run(d2l: Any) -> Any:
        model = model_of(d2l, configure_optimizers=make)
        model.lr = lr
        fit(d2l, model, **more)
        return learned(model)

    return run


for name, make in OPTIMIZERS.items():
    for lr in (0.1, 0, -1, None, [0.1], lambda epoch: 0.1):
        add(f"{name} with lr {'function' if callable(lr) else lr}", _optimized(make, lr))
    add(f"{name} with clipping", _optimized(make, 0.1, gradient_clip_val=0.5))
add(
    "the library's SGD uphill",
    lambda d2l: _optimized(lambda s: d2l.SGD(list(s.parameters()), -0.1), -0.1)(d2l),
)
for rate in (0, None, [0.1], torch.tensor(0.5), 50.0):
    add(
        f"the library's SGD at rate {rate}",
        lambda d2l, r=rate: _optimized(lambda s: d2l.SGD(list(s.parameters()), r), r)(d2l),
    )


def _own_epoch(configured: str) -> Callable[[Any], Any]:
    """A `fit_epoch` of the reader's own, for whatever `configure_optimizers` gives."""

    def configure(self: Any) -> Any:
        one, two = torch.optim.SGD([self.net.weight], 0.1), torch.optim.SGD([self.net.bias], 0.1)
        kinds = {"pair": (one, two), "list": [one, two], "dict": {"a": one, "b": two}, "None": None,
                 "schedule": (one, torch.optim.lr_scheduler.StepLR(one, 1, 0.5))}  # fmt: skip
        return kinds[configured]

    def fit_epoch(self: Any) -> None:
        optims = self.optim
        if optims is None:
            optims = [torch.optim.SGD(self.model.parameters(), 0.1)]
        elif isinstance(optims, dict):
            optims = list(optims.values())
        steppers = [o for o in optims if hasattr(o, "zero_grad")]
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            for optim in steppers:
                optim.zero_grad()
            loss.backward()
            for optim in optims:
                optim.step()
            self.train_batch_idx += 1

    def run(d2l: Any) -> Any:
        model = model_of(d2l, configure_optimizers=configure)
        model.board.display = False
        Trainer = type("Own", (d2l.Trainer,), {"fit_epoch": fit_epoch})
        trainer = Trainer(max_epochs=2)
        trainer.fit(model, data_of(d2l))
        return learned(model), trainer.epoch, trainer.train_batch_idx

    return run


for configured in ("pair", "list", "dict", "None", "schedule"):
    add(f"own fit_epoch with {configured}", _own_epoch(configured))
