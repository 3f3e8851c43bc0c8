"""Update steps of the discriminator and the generator of a GAN."""

from collections.abc import Callable
from typing import Any

import torch

from d2l.base.axes import Float, Shaped, Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def update_D(  # noqa: N802
    X: Shaped[Tensor, "batch ..."],
    Z: Shaped[Tensor, "num_noises ..."],
    net_D: Callable[[Tensor], Tensor],
    net_G: Callable[[Tensor], Tensor],
    loss: Loss,
    trainer_D: Any,
) -> Float[Tensor, ""]:
    """Train the discriminator for one step to classify `X` as real and `net_G(Z)` as fake.

    Takes one step of the optimizer `trainer_D`. Returns the mean of both losses, without gradient;
    `loss(y_hat, y)` compares logits with ones or zeros and returns a scalar.

    >>> net_D, net_G = nn.Linear(2, 1), nn.Linear(2, 2)
    >>> optimizer = torch.optim.SGD(net_D.parameters(), lr=0.1)
    >>> X, Z, loss = torch.full((8, 2), 3.0), torch.randn(8, 2), nn.BCEWithLogitsLoss()
    >>> losses = [d2l.update_D(X, Z, net_D, net_G, loss, optimizer) for _ in range(20)]
    >>> bool(losses[-1] < losses[0])
    True

    Book: 20.1 Generative adversarial networks
    """
    trainer_D.zero_grad()
    with torch.no_grad():
        fake_X = net_G(Z)
    real_Y, fake_Y = net_D(X), net_D(fake_X)
    loss_D = (loss(real_Y, torch.ones_like(real_Y)) + loss(fake_Y, torch.zeros_like(fake_Y))) / 2
    loss_D.backward()
    trainer_D.step()
    return loss_D.detach()


def update_G(  # noqa: N802
    Z: Shaped[Tensor, "num_noises ..."],
    net_D: Callable[[Tensor], Tensor],
    net_G: Callable[[Tensor], Tensor],
    loss: Loss,
    trainer_G: Any,
) -> Float[Tensor, ""]:
    """Train the generator for one step so that the discriminator classifies `net_G(Z)` as real.

    Takes one step of the optimizer `trainer_G`. Returns the loss, without gradient. Gradients are
    also accumulated in the discriminator; `update_D` clears them first.

    >>> net_D, net_G = nn.Linear(2, 1), nn.Linear(2, 2)
    >>> optimizer = torch.optim.SGD(net_G.parameters(), lr=0.1)
    >>> Z, loss = torch.randn(8, 2), nn.BCEWithLogitsLoss()
    >>> losses = [d2l.update_G(Z, net_D, net_G, loss, optimizer) for _ in range(20)]
    >>> bool(losses[-1] < losses[0])
    True

    Book: 20.1 Generative adversarial networks
    """
    trainer_G.zero_grad()
    fake_Y = net_D(net_G(Z))
    loss_G = loss(fake_Y, torch.ones_like(fake_Y))
    loss_G.backward()
    trainer_G.step()
    return loss_G.detach()
