"""Decoding: select the next token greedily, by sampling, or with beam search."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from d2l.base.axes import Float, Int, Tensor
from d2l.errors import ConfigurationError, NotFiniteError, ShapeError

StepFunction = Callable[[list[int]], Any]
STRATEGIES = {"greedy": None, "sample": None, "top_k": "k", "top_p": "p", "min_p": "min_p"}
ALIASES = {"temperature": "sample", "random": "sample", "nucleus": "top_p"}
LARGEST_BELOW_1 = 1 - 2**-24


def sample_next(
    logits: Any,
    strategy: str = "greedy",
    temperature: float = 1.0,
    k: int | None = None,
    p: float | None = None,
    min_p: float | None = None,
    rng: Any = None,
) -> int:
    """Return the index of the next token, given its logits (vocab_size,).

    `strategy="greedy"` takes the most likely token. The others sample from
    `softmax(logits / temperature)`: "sample" from all tokens, "top_k" from the `k` most likely,
    "top_p" from the smallest set of most likely tokens with total probability `p`, "min_p" from the
    tokens at least `min_p` times as likely as the most likely one. Each of `k`, `p` and `min_p`
    that is given applies; temperature 0 is greedy. `rng` is a generator of PyTorch, NumPy or
    Python; the default is PyTorch's global generator.

    >>> logits = torch.tensor([1.0, 3.0, 2.0])
    >>> d2l.sample_next(logits), d2l.sample_next(logits, "top_k", k=1)
    (1, 1)
    >>> rng = np.random.default_rng(0)
    >>> sorted({d2l.sample_next(logits, "top_p", p=0.8, rng=rng) for _ in range(50)})
    [1, 2]

    Book: 10.8 Beam search (2026)
    """
    row = _row(logits)
    if _strategy(strategy, {"k": k, "p": p, "min_p": min_p}) == "greedy" or temperature == 0:
        return int(row.argmax())
    return int(draw(next_probabilities(row, temperature, k, p, min_p), rng))


def generate(
    step_fn: StepFunction,
    prefix: Iterable[int] | Int[Tensor, "num_steps"],
    num_tokens: int,
    eos_id: int | None = None,
    **strategy: Any,
) -> list[int]:
    """Return `prefix` continued by up to `num_tokens` tokens, ending after `eos_id`.

    `step_fn(ids)` returns the logits (vocab_size,) of the token that follows a list of indices;
    `strategy` are the arguments of `sample_next`.

    >>> def count_on(ids):
    ...     return nn.functional.one_hot(torch.tensor(ids[-1] + 1), 10).float()
    >>> d2l.generate(count_on, prefix=[2, 3], num_tokens=9, eos_id=6)
    [2, 3, 4, 5, 6]

    Book: 10.8 Beam search (2026)
    """
    ids = _ids(prefix)
    with torch.no_grad():
        for _ in range(num_tokens):
            ids.append(sample_next(step_fn([*ids]), **strategy))
            if ids[-1] == eos_id:
                break
    return ids


def beam_search(
    step_fn: StepFunction,
    prefix: Iterable[int] | Int[Tensor, "num_steps"],
    num_tokens: int,
    beam_size: int = 4,
    alpha: float = 0.75,
    eos_id: int | None = None,
) -> list[int]:
    """Return `prefix` continued by the best sequence found with a beam of `beam_size`.

    A sequence has up to `num_tokens` new tokens and ends at `eos_id`. Its score is its
    log-probability divided by its number of new tokens to the power `alpha`. `step_fn` is as in
    `generate`.

    >>> odds = torch.tensor([[0.4, 0.3, 0.3], [0.1, 0.9, 0.0], [0.5, 0.4, 0.1]])  # after 0, 1, 2
    >>> def step(ids):
    ...     return odds[ids[-1]].log()
    >>> [d2l.beam_search(step, [2], 2, beam_size=size) for size in (1, 2)]  # 0.5 * 0.4, 0.4 * 0.9
    [[2, 0, 0], [2, 1, 1]]

    Book: 10.8 Beam search (2026)
    """
    if beam_size < 1:
        raise ConfigurationError(f"beam_size must be at least 1; found {beam_size}")
    ids = _ids(prefix)
    beam: list[tuple[float, list[int]]] = [(0.0, ids)]
    best = (-math.inf, ids)
    for num_new in range(1, num_tokens + 1):
        candidates = [found for held in beam for found in _extended(step_fn, *held, beam_size)]
        candidates.sort(key=lambda found: -found[0])  # stable: the earlier of equal scores first
        beam = []
        for score, sequence in candidates[:beam_size]:
            if sequence[-1] != eos_id and num_new < num_tokens:
                beam.append((score, sequence))
            elif score / num_new**alpha > best[0]:
                best = (score / num_new**alpha, sequence)
    return best[1]


def next_probabilities(
    logits: Float[Tensor, "*batch vocab_size"],
    temperature: float = 1.0,
    k: int | None = None,
    p: float | None = None,
    min_p: float | None = None,
) -> Float[Tensor, "*batch vocab_size"]:
    """Return the probabilities to sample from, zero for excluded tokens, without a device sync."""
    _check_options(temperature, k, p, min_p)
    largest = logits.amax(dim=-1, keepdim=True)
    probabilities = torch.softmax((logits - largest) / temperature, dim=-1)
    shares, order = probabilities.sort(dim=-1, descending=True, stable=True)
    is_kept = torch.ones_like(shares, dtype=torch.bool)
    if k is not None:
        is_kept[..., k:] = False
    if p is not None:
        is_kept &= shares.cumsum(dim=-1) - shares < p  # the more likely tokens do not reach p
    if min_p is not None:
        is_kept &= shares >= min_p * shares[..., :1]
    kept = torch.zeros_like(shares).scatter(-1, order, shares * is_kept)
    return kept / kept.sum(dim=-1, keepdim=True)


def draw(probabilities: Float[Tensor, "*batch vocab_size"], rng: Any) -> Int[Tensor, "*batch"]:
    """Sample an index for each row with these probabilities, without a device sync."""
    cumulative = probabilities.cumsum(dim=-1)
    shares = _uniform(probabilities.shape[:-1], rng).to(cumulative)
    places = shares.clamp(max=LARGEST_BELOW_1).unsqueeze(-1) * cumulative[..., -1:]
    return torch.searchsorted(cumulative, places, right=True).squeeze(-1)


def _extended(
    step_fn: StepFunction, score: float, ids: list[int], beam_size: int
) -> list[tuple[float, list[int]]]:
    """Return the best extensions by one token, with their summed log-probabilities."""
    with torch.no_grad():
        row = torch.log_softmax(_row(step_fn([*ids])), dim=-1)
    values, order = row.sort(descending=True, stable=True)
    best = zip(values[:beam_size].tolist(), order[:beam_size].tolist(), strict=True)
    return [(score + value, [*ids, number]) for value, number in best]


def _uniform(shape: Sequence[int], rng: Any) -> Float[Tensor, "*batch"]:
    if rng is None or isinstance(rng, torch.Generator):
        device = None if rng is None else rng.device
        return torch.rand(tuple(shape), generator=rng, device=device)
    if not callable(getattr(rng, "random", None)):
        raise TypeError(
            "rng must be a generator: torch.Generator(), numpy.random.default_rng(seed) or "
            f"random.Random(seed); found {rng!r}"
        )
    numbers = [rng.random() for _ in range(math.prod(shape))]
    return torch.tensor(numbers, dtype=torch.float64).reshape(tuple(shape))


def _row(logits: Any) -> Float[Tensor, "vocab_size"]:
    row = torch.as_tensor(logits).detach()
    if row.numel() == 0 or row.numel() != row.shape[-1]:
        raise ShapeError(
            f"logits must have shape (vocab_size,), for one next token; found "
            f"{tuple(row.shape)}. Of a model's output (batch, num_steps, vocab_size), use [0, -1]"
        )
    row = row.reshape(-1).to(torch.float32)
    if bool(row.isnan().any()):
        raise NotFiniteError(
            "the logits of the next token are nan: the model has diverged. Train it with a smaller "
            "learning rate"
        )
    return row


def _strategy(name: str, options: dict[str, Any]) -> str:
    known = str(name).replace("-", "_")
    known = ALIASES.get(known, known)
    if known not in STRATEGIES:
        raise ConfigurationError(f"strategy must be one of {', '.join(STRATEGIES)}; found {name!r}")
    option = STRATEGIES[known]
    if option is not None and options[option] is None:
        raise ConfigurationError(f"strategy={name!r} requires {option}; found {option}=None")
    return known


def _check_options(temperature: float, k: int | None, p: float | None, min_p: float | None) -> None:
    limits = {
        "temperature > 0": temperature > 0,
        "k >= 1": k is None or k >= 1,
        "0 < p <= 1": p is None or 0 < p <= 1,
        "0 <= min_p <= 1": min_p is None or 0 <= min_p <= 1,
    }
    wrong = [limit for limit, holds in limits.items() if not holds]
    if wrong:
        raise ConfigurationError(
            f"sampling requires {wrong[0]}; found temperature={temperature}, k={k}, p={p}, "
            f"min_p={min_p}"
        )


def _ids(prefix: Any) -> list[int]:
    numbers = prefix.tolist() if hasattr(prefix, "tolist") else prefix
    return [int(number) for number in numbers]
