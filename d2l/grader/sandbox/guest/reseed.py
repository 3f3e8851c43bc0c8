"""In the kernel: seed the random generators and add an offset to every seed the notebook sets.

Python's generator is changed at once, NumPy's and PyTorch's when the notebook imports them. With
an offset of 0, seeds are unchanged.
"""

import functools
import importlib.abc
import importlib.util
import operator
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Seed = Callable[..., Any]

_state: dict[str, int] = {"seed_offset": 0, "depth": 0, "drawn": 0}
_original_seeds: dict[str, Seed] = {}


def begin(seed_offset: int) -> None:
    """Seed each generator with `seed_offset`, and add it to every seed from now on."""
    _state["seed_offset"] = seed_offset
    after_import("random", _begin_random)
    after_import("numpy.random", _begin_numpy)
    after_import("torch", _begin_torch)


def reseed() -> None:
    """Seed each generator that the notebook has imported with the offset again."""
    _state["depth"] += 1  # seeds set here are not offset
    for seed in _original_seeds.values():
        seed(_state["seed_offset"])
    _state["depth"] -= 1


def after_import(name: str, change: Callable[[Any], None]) -> None:
    """Call `change` with the module `name`, now or as soon as it is imported."""
    if name in sys.modules:
        change(sys.modules[name])
    else:
        sys.meta_path.insert(0, _AfterImport(name, change))


class _AfterImport(importlib.abc.MetaPathFinder):
    """Finds one module with the other finders, and changes it once it is loaded."""

    def __init__(self, name: str, change: Callable[[Any], None]) -> None:
        self._name = name
        self._change = change

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = functools.partial(_load, load, self._change)  # type: ignore[method-assign]
        return spec


def _load(
    load: Callable[[ModuleType], None], change: Callable[[Any], None], module: ModuleType
) -> None:
    load(module)
    change(module)


def _begin_random(module: Any) -> None:
    _remember("random", module.seed)
    if not _state["seed_offset"]:
        return
    module.seed = _with_offset(module.seed)

    class Random(module.Random):
        def seed(self, a: Any = None, version: int = 2) -> None:
            super().seed(_offset_seed(a), version)

    module.Random = Random


def _begin_numpy(module: Any) -> None:
    _remember("numpy", lambda seed: _numpy_seed(module, seed))
    first_default_rng = module.default_rng

    def default_rng(seed: Any = None) -> Any:
        if seed is None:  # otherwise it would be different in every run
            _state["drawn"] += 1
            seed = [_state["seed_offset"], _state["drawn"]]
            return first_default_rng(seed)
        return first_default_rng(_offset_seed(seed))

    module.default_rng = functools.wraps(first_default_rng)(default_rng)
    if not _state["seed_offset"]:
        return
    module.seed = _with_offset(module.seed)

    class RandomState(module.RandomState):
        def __init__(self, seed: Any = None) -> None:
            super().__init__(_offset_seed(seed))

    class SeedSequence(module.SeedSequence):
        def __init__(self, entropy: Any = None, **others: Any) -> None:
            super().__init__(_offset_seed(entropy), **others)

    module.RandomState, module.SeedSequence = RandomState, SeedSequence
    for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"):
        setattr(module, name, _offset_class(getattr(module, name)))


def _offset_class(base: Any) -> Any:
    class BitGenerator(base):
        def __init__(self, seed: Any = None, **others: Any) -> None:
            super().__init__(_offset_seed(seed), **others)

    return functools.wraps(base, updated=())(BitGenerator)


def _numpy_seed(module: Any, seed: int) -> None:
    module.mtrand._rand.seed(seed % 2**32)


def _begin_torch(module: Any) -> None:
    _remember("torch", module.manual_seed)
    if not _state["seed_offset"]:
        return
    module.manual_seed = module.random.manual_seed = _with_offset(module.manual_seed)
    module.cuda.manual_seed = _with_offset(module.cuda.manual_seed)
    module.cuda.manual_seed_all = _with_offset(module.cuda.manual_seed_all)

    class Generator(module.Generator):
        def manual_seed(self, seed: int) -> Any:
            super().manual_seed(_offset_seed(seed))
            return self

    module.Generator = Generator
    module.default_generator = module.random.default_generator = _offset_default(module)


def _offset_default(module: Any) -> Any:
    """Return a generator that wraps PyTorch's default one, whose methods cannot be replaced."""
    default = module.default_generator

    class DefaultGenerator(module.Generator):
        def manual_seed(self, seed: int) -> Any:
            super().manual_seed(seed)
            default.manual_seed(seed if _state["depth"] else _offset_seed(seed))
            return self

        def get_state(self) -> Any:
            return default.get_state()

        def set_state(self, state: Any) -> Any:
            super().set_state(state)
            return default.set_state(state)

        def initial_seed(self) -> int:
            return int(default.initial_seed())

    return DefaultGenerator()


def _remember(name: str, seed: Seed) -> None:
    _original_seeds[name] = seed
    seed(_state["seed_offset"])


def _with_offset(seed: Seed) -> Seed:
    """Wrap `seed` to offset its argument, unless called by another wrapped function."""

    @functools.wraps(seed)
    def seed_with_offset(value: Any = None, *others: Any, **named: Any) -> Any:
        _state["depth"] += 1
        try:
            return seed(value if _state["depth"] > 1 else _offset_seed(value), *others, **named)
        finally:
            _state["depth"] -= 1

    return seed_with_offset


def _offset_seed(seed: Any) -> Any:
    if isinstance(seed, (list, tuple)):
        return [*seed, _state["seed_offset"]]
    try:
        number = operator.index(seed)
    except TypeError:
        return seed  # None, a string, a generator: not a number
    shifted = number + _state["seed_offset"]
    return shifted % 2**32 if 0 <= number < 2**32 else shifted  # NumPy's range of seeds
