"""Recurrent networks: RNN, GRU and LSTM."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from d2l.base.axes import Float, Tensor
from d2l.core.module import Module
from d2l.models.input_errors import ExplainsErrors, require_axes

TIME_FIRST = "Time comes first: X.transpose(0, 1) swaps the axes of (batch, num_steps, num_inputs)"
State = Tensor | tuple[Tensor, ...] | list[Tensor] | None


class RNNScratch(ExplainsErrors, Module):
    """A recurrent layer with tanh and parameters W_xh, W_hh, b_h.

    Weights are drawn N(0, sigma²). Called with `inputs`, a tensor or a list of steps, and
    optionally the state of the previous call, `(batch, num_hiddens)` or a tuple that starts with
    it, it returns a list of `num_steps` outputs and the last of them as state.

    >>> rnn = d2l.RNNScratch(num_inputs=5, num_hiddens=8)
    >>> outputs, state = rnn(torch.ones(7, 2, 5))
    >>> len(outputs), outputs[0].shape, state.shape
    (7, torch.Size([2, 8]), torch.Size([2, 8]))

    Book: 9.5 Recurrent neural network implementation from scratch
    """

    num_inputs: int
    num_hiddens: int
    sigma: float

    def __init__(self, num_inputs: int, num_hiddens: int, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.W_xh = nn.Parameter(torch.randn(num_inputs, num_hiddens) * sigma)
        self.W_hh = nn.Parameter(torch.randn(num_hiddens, num_hiddens) * sigma)
        self.b_h = nn.Parameter(torch.zeros(num_hiddens))

    def forward(  # type: ignore[override]
        self,
        inputs: Float[Tensor, "num_steps *batch num_inputs"] | Iterable[Tensor],
        state: State = None,
    ) -> tuple[list[Tensor], Float[Tensor, "..."]]:
        """Compute `H = tanh(X W_xh + H W_hh + b_h)` step by step."""
        steps, shape = self._projected(inputs)
        H = self._zeros(shape) if state is None else _tensor_in(state)
        outputs = []
        for X_W in steps:
            H = torch.tanh(X_W + torch.matmul(H, self.W_hh))
            outputs.append(H)
        return outputs, H

    def _projected(
        self, inputs: Tensor | Iterable[Tensor]
    ) -> tuple[Tensor | list[Tensor], Sequence[int]]:
        """Return `X W_xh + b_h` for each step, and the shape of a step."""
        if isinstance(inputs, Tensor):  # all steps in one product
            return torch.matmul(inputs, self.W_xh) + self.b_h, inputs.shape[1:]
        steps = list(inputs)
        shape = steps[0].shape if steps else ()
        return [torch.matmul(X, self.W_xh) + self.b_h for X in steps], shape

    def _zeros(self, shape: Sequence[int]) -> Tensor:
        """Return the zero state for steps (*batch, num_inputs); a single axis is the batch."""
        return self.W_hh.new_zeros(*(shape[:-1] or shape), self.W_hh.shape[0])

    def _require_fitting(self, inputs: Any, state: State = None) -> None:
        num_inputs, num_hiddens = self.W_xh.shape
        if isinstance(inputs, Tensor):
            require_axes("inputs", inputs, ("num_steps", "batch", num_inputs), TIME_FIRST)
        else:
            for X in inputs:
                require_axes("each step of inputs", X, ("batch", num_inputs))
        if state is not None:
            axes = (inputs[0].shape[0], num_hiddens)
            require_axes(
                "state", _tensor_in(state), axes, "Pass the state returned by the previous call"
            )


class RNN(ExplainsErrors, Module):
    """A single-layer `nn.RNN` with tanh, as `self.rnn`.

    Returns the outputs `(num_steps, batch, num_hiddens)` and the state `(1, batch, num_hiddens)`.
    Accepts all inputs of `nn.RNN`, including unbatched ones and a `PackedSequence`.

    >>> outputs, state = d2l.RNN(num_inputs=5, num_hiddens=8)(torch.ones(7, 2, 5))
    >>> outputs.shape, state.shape
    (torch.Size([7, 2, 8]), torch.Size([1, 2, 8]))

    Book: 9.6 Concise implementation of recurrent neural networks
    """

    num_inputs: int
    num_hiddens: int

    def __init__(self, num_inputs: int, num_hiddens: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.rnn: Any = nn.RNN(num_inputs, num_hiddens)

    def forward(
        self,
        inputs: Float[Tensor, "num_steps *batch num_inputs"] | PackedSequence,
        H: Any = None,
    ) -> Any:
        """Return all outputs of the last layer, and the last state of each layer."""
        return self.rnn(inputs, H)

    def _require_fitting(self, inputs: Tensor, H: Any = None) -> None:
        axes = ("num_steps", "batch", self.rnn.input_size)
        if inputs.ndim != 2 or inputs.shape[1] != self.rnn.input_size:
            require_axes("inputs", inputs, axes, TIME_FIRST)


class GRU(RNN):
    """PyTorch's gated recurrent units with `num_layers` layers and `dropout` between them.

    Returns the outputs of the last layer, and the state `(num_layers, batch, num_hiddens)`.

    >>> outputs, state = d2l.GRU(num_inputs=16, num_hiddens=32, num_layers=2)(torch.ones(9, 4, 16))
    >>> outputs.shape, state.shape
    (torch.Size([9, 4, 32]), torch.Size([2, 4, 32]))

    Book: 10.3 Deep recurrent neural networks
    """

    num_layers: int
    dropout: float

    def __init__(
        self, num_inputs: int, num_hiddens: int, num_layers: int = 1, dropout: float = 0
    ) -> None:
        Module.__init__(self)  # RNN.__init__ would create an unused nn.RNN
        self.save_hyperparameters()
        self.rnn = nn.GRU(num_inputs, num_hiddens, num_layers, dropout=dropout)


def _tensor_in(state: Tensor | Sequence[Tensor]) -> Tensor:
    """Return the state's tensor, given alone, first in a sequence, or with a leading axis of 1."""
    return state if isinstance(state, Tensor) and len(state) != 1 else state[0]


Cells = tuple[Tensor, Tensor]


class LSTMScratch(ExplainsErrors, Module):
    """A recurrent layer with input, forget and output gates and a candidate for the cell.

    Each of the four, i, f, o and c, has parameters `W_x` (num_inputs, num_hiddens), `W_h`
    (num_hiddens, num_hiddens), drawn N(0, sigma²), and `b`, zero: `W_xi`, `W_hi`, `b_i`, …. Called
    with `inputs`, a tensor or a list of steps, and optionally the state of the previous call, it
    returns a list of `num_steps` outputs and the state `(H, C)`, each (batch, num_hiddens).

    >>> lstm = d2l.LSTMScratch(num_inputs=5, num_hiddens=8)
    >>> outputs, (H, C) = lstm(torch.ones(7, 2, 5))
    >>> len(outputs), H.shape, C.shape
    (7, torch.Size([2, 8]), torch.Size([2, 8]))

    Book: 10.1 Long short-term memory (2026)
    """

    num_inputs: int
    num_hiddens: int
    sigma: float

    def __init__(self, num_inputs: int, num_hiddens: int, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        for gate in "ifoc":
            W_x = nn.Parameter(torch.randn(num_inputs, num_hiddens) * sigma)
            W_h = nn.Parameter(torch.randn(num_hiddens, num_hiddens) * sigma)
            self.register_parameter(f"W_x{gate}", W_x)
            self.register_parameter(f"W_h{gate}", W_h)
            self.register_parameter(f"b_{gate}", nn.Parameter(torch.zeros(num_hiddens)))

    def forward(  # type: ignore[override]
        self,
        inputs: Float[Tensor, "num_steps batch num_inputs"] | Iterable[Tensor],
        H_C: Cells | None = None,
    ) -> tuple[list[Tensor], Cells]:
        """Compute `C = F C + I tanh(…)` and `H = O tanh(C)` step by step."""
        W_x, W_h, b = (
            torch.cat([getattr(self, f"{name}{gate}") for gate in "ifoc"], dim=-1)
            for name in ("W_x", "W_h", "b_")
        )
        steps = inputs if isinstance(inputs, Tensor) else torch.stack(tuple(inputs))
        zeros = steps.new_zeros(steps.shape[1], W_h.shape[0])
        H, C = (zeros, zeros) if H_C is None else H_C
        outputs = []
        projected: Tensor = torch.matmul(steps, W_x) + b  # all steps in one product
        for X_W in projected:
            I, F, O, C_new = (X_W + torch.matmul(H, W_h)).chunk(4, dim=-1)
            C = torch.sigmoid(F) * C + torch.sigmoid(I) * torch.tanh(C_new)
            H = torch.sigmoid(O) * torch.tanh(C)
            outputs.append(H)
        return outputs, (H, C)

    def _require_fitting(self, inputs: Any, H_C: Any = None) -> None:
        num_inputs, num_hiddens = self.get_parameter("W_xi").shape
        if isinstance(inputs, Tensor):
            require_axes("inputs", inputs, ("num_steps", "batch", num_inputs), TIME_FIRST)
        if H_C is not None:
            for name, part in zip(("H", "C"), H_C, strict=True):
                axes = (inputs[0].shape[0], num_hiddens)
                require_axes(name, part, axes, "Pass the state returned by the previous call")


class LSTM(RNN):
    """PyTorch's long short-term memory with `num_layers` layers and `dropout` between them.

    Returns the outputs of the last layer, and the state `(H, C)`, each
    `(num_layers, batch, num_hiddens)`.

    >>> lstm = d2l.LSTM(num_inputs=16, num_hiddens=32, num_layers=2)
    >>> outputs, (H, C) = lstm(torch.ones(9, 4, 16))
    >>> outputs.shape, H.shape, C.shape
    (torch.Size([9, 4, 32]), torch.Size([2, 4, 32]), torch.Size([2, 4, 32]))

    Book: 10.1 Long short-term memory (2026)
    """

    num_layers: int
    dropout: float

    def __init__(
        self, num_inputs: int, num_hiddens: int, num_layers: int = 1, dropout: float = 0
    ) -> None:
        Module.__init__(self)  # RNN.__init__ would create an unused nn.RNN
        self.save_hyperparameters()
        self.rnn = nn.LSTM(num_inputs, num_hiddens, num_layers, dropout=dropout)

    def forward(
        self,
        inputs: Float[Tensor, "num_steps *batch num_inputs"] | PackedSequence,
        H_C: Any = None,
    ) -> Any:
        """Return all outputs of the last layer, and the last `(H, C)` of each layer."""
        return self.rnn(inputs, H_C)

    def _require_fitting(self, inputs: Tensor, H_C: Any = None) -> None:
        super()._require_fitting(inputs)
