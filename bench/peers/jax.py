"""JAX by hand: an epoch is one compiled function, `lax.scan` over its batches.

The weights are donated to it, images stay bytes until they are in a batch, the order is drawn by
NumPy. Compiling, and a first epoch with a copy of the weights, are not counted.
"""

import time
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench.peers.case import BATCH_SIZE, LEARNING_RATE, WIDTHS, Case, Epochs, read_images

Params = list[tuple[Any, Any]]


def run(case: Case) -> Epochs:
    """Train and validate."""
    chance = np.random.default_rng(case.seed)
    params = new_params(WIDTHS[case.task], chance)
    X, y = on_device(case, train=True)
    validation = on_device(case, train=False)
    order = chance.permutation(case.num_train)
    compiled = epoch.lower(params, order, X, y, *validation).compile()
    compiled(jax.tree.map(jnp.copy, params), order, X, y, *validation)  # the first call is slower
    epochs = Epochs([], [])
    for _ in range(case.epochs):
        begun = time.perf_counter()
        order = chance.permutation(case.num_train)
        params, losses, _, accuracy = compiled(params, order, X, y, *validation)
        np.asarray(losses)  # waits for them
        epochs.accuracies.append(float(accuracy))
        epochs.seconds.append(time.perf_counter() - begun)
    return epochs


def on_device(case: Case, train: bool) -> tuple[Any, Any]:
    """Images (n, 784) as bytes, and labels."""
    images, labels = read_images(case, train)
    return jnp.asarray(images.reshape(len(images), -1)), jnp.asarray(labels, dtype=jnp.int32)


def new_params(widths: tuple[int, ...], chance: np.random.Generator) -> Params:
    """Weights (outputs, inputs) and biases, from the distribution that PyTorch draws them from."""

    def draw(bound: float, *shape: int) -> Any:
        return jnp.asarray(chance.uniform(-bound, bound, shape), dtype=jnp.float32)

    return [(draw(n**-0.5, m, n), draw(n**-0.5, m)) for n, m in pairwise(widths)]


def predict(params: Params, X: Any) -> Any:
    """The log-probabilities of a batch of bytes."""
    A = X.astype(jnp.float32) / 255
    for i, (W, b) in enumerate(params):
        A = A @ W.T + b
        if i < len(params) - 1:
            A = jax.nn.relu(A)
    return jax.nn.log_softmax(A)


def loss(params: Params, X: Any, y: Any) -> Any:
    """The mean cross-entropy of a batch."""
    return cross_entropy(predict(params, X), y)


def cross_entropy(log_probs: Any, y: Any) -> Any:
    """Its mean over a batch."""
    return -jnp.take_along_axis(log_probs, y[:, None], axis=1).mean()


def step(params: Params, rows: Any, X: Any, y: Any) -> tuple[Params, Any]:
    """One update with the examples `rows`, and their loss before it."""
    value, grads = jax.value_and_grad(loss)(params, X[rows], y[rows])
    return jax.tree.map(lambda p, g: p - LEARNING_RATE * g, params, grads), value


@partial(jax.jit, donate_argnums=0)
def epoch(params: Params, order: Any, X: Any, y: Any, X_val: Any, y_val: Any) -> Any:
    """The weights after an epoch, the loss of each batch, and the validation loss and accuracy."""
    whole = len(order) // BATCH_SIZE * BATCH_SIZE
    parts = order[:whole].reshape(-1, BATCH_SIZE)
    params, losses = jax.lax.scan(lambda p, rows: step(p, rows, X, y), params, parts)
    if whole < len(order):
        params, last = step(params, order[whole:], X, y)
        losses = jnp.append(losses, last)
    log_probs = predict(params, X_val)
    accuracy = (log_probs.argmax(1) == y_val).mean()
    return params, losses, cross_entropy(log_probs, y_val), accuracy
