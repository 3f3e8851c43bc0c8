"""Assert what lesson 5.3 shows, with finite differences as a second way to the gradients."""


def objective(W1: torch.Tensor, W2: torch.Tensor) -> float:
    """Compute J from the weights, with the loss written in another form than above."""
    o = W2 @ torch.tanh(W1 @ x)
    return (o.exp().sum().log() - o[1] + 0.05 * (W1.norm() ** 2 + W2.norm() ** 2)).item()


def slopes_by_trial(which: int, step: float = 1e-5) -> torch.Tensor:
    """Estimate the gradient for one of the weight matrices from differences of J."""
    slopes = torch.zeros_like((W1, W2)[which].detach())
    for place in torch.cartesian_prod(*map(torch.arange, slopes.shape)).tolist():
        ends = []
        for sign in (1, -1):
            weights = [W1.detach().clone(), W2.detach().clone()]
            weights[which][tuple(place)] += sign * step
            ends.append(objective(*weights))
        slopes[tuple(place)] = (ends[0] - ends[1]) / (2 * step)
    return slopes


assert torch.isclose(small_J, torch.tensor(2.4625))
assert torch.isclose(w1.grad, torch.tensor(12.05))
assert torch.isclose(w2.grad, torch.tensor(2.3))
assert abs(objective(W1, W2) - J.item()) < 1e-12
assert {name: tuple(gradient.shape) for name, (_, gradient) in by_hand.items()} == {
    "L": (),
    "s": (),
    "o": (2,),
    "W2": (2, 3),
    "h": (3,),
    "z": (3,),
    "W1": (3, 4),
}
for variable, gradient in by_hand.values():
    assert torch.allclose(variable.grad, gradient, rtol=0, atol=1e-12)
assert torch.allclose(slopes_by_trial(0), dJ_dW1, rtol=0, atol=1e-8)
assert torch.allclose(slopes_by_trial(1), dJ_dW2, rtol=0, atol=1e-8)
assert abs(dJ_do.sum()) < 1e-12  # both softmax and one-hot code sum to 1
print("5.3: pencil, autograd and trial steps agree on every gradient.")
