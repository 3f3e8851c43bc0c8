"""Whether two outcomes are the same: types and text exactly, numbers within their type's noise."""

from typing import Any

import torch
from play import RAISED
from registry import Raises

TOLERANCES = {  # relative and absolute, those of torch.testing
    torch.float16: (1e-3, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7),
}


def assert_alike(found: Any, expected: Any, at: str = "result") -> None:
    """Raise AssertionError with the place where two outcomes part."""
    if isinstance(expected, Raises):
        raised = found.get(RAISED) if isinstance(found, dict) else None
        assert raised == expected.error, _parting(at, found, expected)
    elif isinstance(expected, torch.Tensor):
        _assert_tensors_alike(found, expected, at)
    elif isinstance(expected, dict):
        keys = list(found) if isinstance(found, dict) else found
        assert keys == list(expected), _parting(at, keys, list(expected))
        for key, value in expected.items():
            assert_alike(found[key], value, f"{at}[{key!r}]")
    elif isinstance(expected, list | tuple):
        assert type(found) is type(expected), _parting(at, found, expected)
        assert len(found) == len(expected), _parting(at, found, expected)
        for i, pair in enumerate(zip(found, expected, strict=True)):
            assert_alike(*pair, f"{at}[{i}]")
    elif isinstance(expected, float):
        assert isinstance(found, float), _parting(at, found, expected)
        as_tensors = (torch.tensor(value, dtype=torch.float32) for value in (found, expected))
        _assert_tensors_alike(*as_tensors, at)
    else:
        assert type(found) is type(expected), _parting(at, found, expected)
        assert found == expected, _parting(at, found, expected)


def _assert_tensors_alike(found: Any, expected: torch.Tensor, at: str) -> None:
    """Within torch.testing's tolerance of the type, the absolute one relative to the largest."""
    assert isinstance(found, torch.Tensor), _parting(at, found, expected)
    within = {}
    if expected.is_floating_point() and expected.numel():
        relative, absolute = TOLERANCES[expected.dtype]
        largest = expected.nan_to_num(posinf=0, neginf=0).abs().max().item()
        within = {"rtol": relative, "atol": absolute * max(1.0, largest)}
    torch.testing.assert_close(
        found, expected, equal_nan=True, msg=lambda words: f"{at}: {words}", **within
    )


def _parting(at: str, found: Any, expected: Any) -> str:
    return f"{at} is {found!r} where {expected!r} is expected"
