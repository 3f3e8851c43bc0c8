"""Recurrent layers: from scratch, PyTorch's own, and gated. What reads their outputs is elsewhere.

Axes are the book's: time comes first, `(num_steps, batch, num_inputs)`.
"""

import torch
from torch import nn

from d2l.base.axes import Float, Tensor
from d2l.core.module import Module
from d2l.models.shapes import require_axes

TIME_FIRST = "Time comes first: X.transpose(0, 1) turns (batch, num_steps, num_inputs) round"


class RNNScratch(Module):
    """A recurrent layer with tanh on its own parameters W_xh, W_hh, b_h.

    Weights are drawn N(0, sigma²). Called with `inputs` and perhaps the state of the call before,
    `(batch, num_hiddens)`, it gives a list of `num_steps` outputs and the last of them as state.

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

    def forward(
        self,
        inputs: Float[Tensor, "num_steps batch num_inputs"],
        state: Tensor | tuple[Tensor, ...] | list[Tensor] | None = None,
    ) -> tuple[list[Float[Tensor, "batch num_hiddens"]], Float[Tensor, "batch num_hiddens"]]:
        """`H = tanh(X W_xh + H W_hh + b_h)`, step by step."""
        require_axes("inputs", inputs, ("num_steps", "batch", self.W_xh.shape[0]), TIME_FIRST)
        H = self._begin(state, inputs)
        outputs = []
        for X_W in torch.matmul(inputs, self.W_xh) + self.b_h:  # all steps in one product
            H = torch.tanh(X_W + torch.matmul(H, self.W_hh))
            outputs.append(H)
        return outputs, H

    def _begin(self, state: Tensor | tuple[Tensor, ...] | list[Tensor] | None, X: Tensor) -> Tensor:
        batch, num_hiddens = X.shape[1], self.W_hh.shape[0]
        if state is None:
            return X.new_zeros(batch, num_hiddens)
        H = state[0] if isinstance(state, (tuple, list)) else state
        require_axes("state", H, (batch, num_hiddens), "It is what the call before returned")
        return H


class RNN(Module):
    """PyTorch's recurrent layer of one level, with tanh, as `self.rnn`.

    It gives the outputs `(num_steps, batch, num_hiddens)` and the state `(1, batch, num_hiddens)`.

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
        self.rnn: nn.RNNBase = nn.RNN(num_inputs, num_hiddens)

    def forward(
        self,
        inputs: Float[Tensor, "num_steps batch num_inputs"],
        H: Float[Tensor, "num_layers batch num_hiddens"] | None = None,
    ) -> tuple[
        Float[Tensor, "num_steps batch num_hiddens"], Float[Tensor, "num_layers batch num_hiddens"]
    ]:
        """All outputs of the last level, and the last state of each level."""
        require_axes("inputs", inputs, ("num_steps", "batch", self.rnn.input_size), TIME_FIRST)
        return self.rnn(inputs, H)


class GRU(RNN):
    """PyTorch's gated recurrent units in `num_layers` levels, with `dropout` between them.

    It gives the outputs of the last level, and the state `(num_layers, batch, num_hiddens)`.

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
        Module.__init__(self)  # not RNN's, which would make a layer that nobody needs
        self.save_hyperparameters()
        self.rnn = nn.GRU(num_inputs, num_hiddens, num_layers, dropout=dropout)
