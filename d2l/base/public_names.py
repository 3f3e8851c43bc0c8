"""The public names: exports of `from d2l.torch import *`, and names replaced by a program."""

import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from d2l.base.torchvision_import import load_torchvision

MODULES = {
    "F": "torch.nn.functional",
    "Image": "PIL.Image",
    "asdict": "dataclasses:asdict",
    "backend_inline": "matplotlib_inline.backend_inline",
    "collections": "collections",
    "d2l": "d2l.torch",
    "data": "torch.utils.data",
    "defaultdict": "collections:defaultdict",
    "display": "IPython.display",
    "distance_matrix": "scipy.spatial:distance_matrix",
    "hashlib": "hashlib",
    "inspect": "inspect",
    "io": "io",
    "json": "json",
    "math": "math",
    "nn": "torch.nn",
    "np": "numpy",
    "os": "os",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "queue": "queue",
    "random": "random",
    "re": "re",
    "requests": "requests",
    "shutil": "shutil",
    "sys": "sys",
    "tarfile": "tarfile",
    "textwrap": "textwrap",
    "threading": "threading",
    "time": "time",
    "torch": "torch",
    "torchvision": "torchvision",
    "transforms": "torchvision.transforms",
    "zipfile": "zipfile",
}


def load(name: str) -> Any:
    """Import and return the module, or member of one, for a name of `MODULES`."""
    module, _, member = MODULES[name].partition(":")
    if _package_of(module) == "torchvision":
        load_torchvision(f"d2l.{name}")
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise ModuleNotFoundError(
            f"d2l.{name} is {MODULES[name]}, and {error.name} is not installed: "
            f"pip install {package}",
            name=error.name,
        ) from error
    return getattr(loaded, member) if member else loaded


def installed() -> list[str]:
    """Return the names of `MODULES` whose package is installed, without importing them."""
    packages = {_package_of(target) for target in MODULES.values()}
    found = {p for p in packages if sys.modules.get(p) or importlib.util.find_spec(p) is not None}
    return [name for name, target in MODULES.items() if _package_of(target) in found]


def _package_of(target: str) -> str:
    return target.partition(":")[0].partition(".")[0]


def absent(name: str, known: list[str]) -> str:
    """Return the message for an unknown name: which edition has it, or similar names."""

    similar = difflib.get_close_matches(name, known, n=3)
    hint = f": did you mean {' or '.join(similar)}?" if similar else ""
    return explain(name) or f"d2l has no name {name!r}{hint}"


# Names of the 2026 edition that are not in this library: subject → names.
LEFT_OUT = {
    "recommender systems": (
        "BPRLoss", "CTRDataset", "HingeLossbRec", "evaluate_ranking", "hit_and_auc",
        "load_data_ml100k", "read_data_ml100k", "split_and_load_ml100k", "split_data_ml100k",
        "train_ranking", "train_recsys_rating",
    ),
    "reinforcement learning": (
        "ActorCritic", "Batch", "GaussianHead", "GaussianPolicy", "ReplayBuffer", "TabularMDP",
        "epsilon_greedy", "fit_value", "linear_schedule", "normalize", "offline_q",
        "policy_evaluation", "policy_step", "ppo_epochs", "rollout", "show_grid", "value_iteration",
    ),
    "state-space models": (
        "Mamba", "MambaBlock", "S4D", "S4DBlock", "SelectiveSSM", "associative_scan",
    ),
    "generative adversarial networks": ("r1_r2_penalty", "rpgan_loss_D", "rpgan_loss_G"),
    "attention": ("TinyCharLM",),
}  # fmt: skip

# Names of any edition that were renamed: name → replacement.
TODAY = {
    "MLPAttention": "d2l.AdditiveAttention",
    "WIKITEXT_2_SHA1": "d2l.DATA_HUB['wikitext-2'][1]",
    "WIKITEXT_2_URL": "d2l.DATA_HUB['wikitext-2'][0]",
    "data_iter_consecutive": "d2l.seq_data_iter_sequential",
    "data_iter_random": "d2l.seq_data_iter_random",
    "predict_rnn": "d2l.predict_ch8",
    "predict_s2s_ch9": "d2l.predict_seq2seq",
    "regex": "the package regex: `pip install regex`, then `import regex`",
    "show_fashion_mnist": "d2l.show_images",
    "train_and_predict_rnn": "d2l.train_ch8",
    "train_ch5": "d2l.train_ch6",
    "train_s2s_ch9": "d2l.train_seq2seq",
}


def explain(name: str) -> str | None:
    """Return the message for a name that another edition has; None for any other name."""
    if name in TODAY:
        return f"d2l has no {name!r}, a name of another edition; use {TODAY[name]}"
    for subject, names in LEFT_OUT.items():
        if name in names:
            return (
                f"d2l has no {name!r}: it belongs to the 2026 edition ({subject}), which this "
                "library does not have"
            )
    return None


PACKAGE = __name__.partition(".")[0] + "."
Place = tuple[str, str]  # a module's name and the global variable in it


class ReplaceableNames(ModuleType):
    """A module that forwards assignments to its names to the modules that define or import them.

    After `d2l.accuracy = mine`, every module of the library that has imported, or will import, the
    original uses `mine` under that name. Assigning the original again, or deleting the name, undoes
    it. The cost is in the assignment; calls in the library need no extra lookup.

    A base class of other classes of the library is replaced in this module only: its subclasses
    keep their base.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self) or name in _originals:
            _rebind(self, name, value)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name in vars(self):
            _rebind(self, name, _originals.get(name, vars(self)[name]))
        super().__delattr__(name)


_originals: dict[str, Any] = {}  # the original of each name that was ever assigned or deleted
_places: dict[str, set[Place]] = {}  # the changed variables of each name that is replaced now


def is_replaced(name: str) -> bool:
    """Whether the user has replaced this name; for code that would otherwise bypass it."""
    return name in _places


def _rebind(face: ModuleType, name: str, value: Any) -> None:
    original = _originals.setdefault(name, vars(face).get(name))
    if _is_base(original):
        return
    current = vars(face).get(name, original)  # the name may have been deleted
    places = _places.setdefault(name, set())
    places.update(_places_of(face, name, original, current))
    for module, variable in places:
        vars(sys.modules[module])[variable] = value
    if value is original:
        del _places[name]


def _places_of(face: ModuleType, name: str, original: Any, current: Any) -> Iterator[Place]:
    """Iterate over the variables bound to the original, or in modules loaded later to `current`.

    A function or class of the library may have another name there; other objects, such as numbers
    or functions of PyTorch, must have the same name.
    """
    taken = {place for other, places in _places.items() if other != name for place in places}
    is_ours = getattr(original, "__module__", None) or ""
    any_name = callable(original) and is_ours.startswith(PACKAGE)
    for module in [m for m in sys.modules if m.startswith(PACKAGE)]:
        if sys.modules[module] is face or sys.modules[module] is None:
            continue
        for variable, bound in vars(sys.modules[module]).items():
            if bound is not original and bound is not current:
                continue
            is_place = variable == name or (any_name and bound is original)
            if is_place and (module, variable) not in taken:
                yield module, variable


def _is_base(thing: Any) -> bool:
    """Whether it is a base class of classes of the library."""
    return inspect.isclass(thing) and any(
        child.__module__.startswith(PACKAGE) for child in type.__subclasses__(thing)
    )
