"""Inference with any model: evaluation mode, device of the parameters, greedy decoding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from d2l.base.axes import Int, Tensor
from d2l.base.context_managers import evaluating
from d2l.core.unregistered import trainable_tensors


@contextmanager
def predicting(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; restores the model's mode afterwards."""
    with evaluating(model), torch.no_grad():
        yield


def device_of(model: nn.Module, otherwise: torch.device | str | None = None) -> torch.device:
    """Return the device of the model's parameters; `otherwise`, or the CPU, if it has none."""
    tensors = trainable_tensors(model)
    return tensors[0].device if tensors else torch.device(otherwise or "cpu")


def decode(
    net: Any,
    src: Tensor,
    args: Sequence[Any],
    opening: Int[Tensor, "batch 1"],
    num_steps: int,
    save_attention_weights: bool,
) -> tuple[Int[Tensor, "batch num_steps"], list[Any]]:
    """Greedily decode `num_steps` tokens after `opening` with an encoder and a decoder.

    Also returns `decoder.attention_weights` of each step, if requested; otherwise an empty list.
    """
    X, tokens, attention_weights = opening, [opening[:, :0]], []
    with predicting(net):
        state = net.decoder.init_state(net.encoder(src, *args), *args)
        for _ in range(num_steps):
            Y, state = net.decoder(X, state)
            X = Y.argmax(dim=2)
            tokens.append(X)
            if save_attention_weights:
                attention_weights.append(net.decoder.attention_weights)
    return torch.cat(tokens, dim=1), attention_weights
