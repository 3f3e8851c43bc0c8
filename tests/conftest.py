"""What every test stands on: contracts of shapes and types are executed, pictures go to memory.

And chance is the same in each run, whichever tests came before.
"""

import importlib.util
import locale
import os
import random
import signal
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from chromium import chromium  # noqa: F401 - a fixture of all tests
from jaxtyping import install_import_hook
from recorded_ops import RecordedOps
from xdist.scheduler import LoadScopeScheduling

PACKAGES_UNDER_CONTRACT = (
    "base", "classic", "core", "data", "engine", "hpo", "models", "plot", "runs", "scale", "text",
    "vision",
)  # fmt: skip
SHARING = (
    "attacks_on_class",
    "homework",
    "parity",
)  # folders whose files share what takes long to make
COMPARED: dict[str, set[str]] = {}  # each name that was compared with 1.0.3 → the tests that did


def modules_under_contract() -> list[str]:
    """Every module of these packages but the one that looks at its caller's frame."""
    root = Path(importlib.util.find_spec("d2l").origin).parent
    files = [file for name in PACKAGES_UNDER_CONTRACT for file in (root / name).rglob("*.py")]
    parts = [file.relative_to(root.parent).with_suffix("").parts for file in files]
    return [".".join(part) for part in parts if part[-1] not in ("hyperparameters", "__init__")]


install_import_hook(modules_under_contract(), "contracts.check")  # before d2l.torch is imported
mpl.use("Agg")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as shells have it for `make test &`
    signal.signal(signal.SIGINT, signal.default_int_handler)


class WholeFiles(LoadScopeScheduling):
    """Where processes share the suite, a file is not divided among them, nor is such a folder."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return str(file.parent if file.parent.name in SHARING else file)


def pytest_xdist_make_scheduler(config, log):
    return WholeFiles(config, log)


def pytest_runtest_logreport(report):
    """Count in one place what any of the processes that share the suite has compared."""
    for key, name in report.user_properties:
        if key == "compared with 1.0.3":
            COMPARED.setdefault(name, set()).add(report.nodeid)


def pytest_terminal_summary(terminalreporter):
    if COMPARED:
        cases = len(set().union(*COMPARED.values()))
        terminalreporter.write_line(
            f"parity with d2l 1.0.3: {len(COMPARED)} names compared in {cases} cases"
        )


@pytest.fixture(autouse=True)
def _same_numbers_each_time():
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


# By libraries on first use; PyTorch's compiler also raises the limit of recursion.
SET_BY_LIBRARIES = ("PYTEST_CURRENT_TEST", "TORCHINDUCTOR_", "_TORCHINDUCTOR_", "PYGAME_HIDE_")


def state_of_process() -> dict[str, object]:
    """What a test could leave behind that decides the verdict of a later one."""
    return {
        **{n: value for n, value in os.environ.items() if not n.startswith(SET_BY_LIBRARIES)},
        "working directory": os.getcwd(),
        "locale": locale.setlocale(locale.LC_ALL),
        "cores": os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None,
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "gradients": torch.is_grad_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "SIGINT": signal.getsignal(signal.SIGINT),
        "SIGTERM": signal.getsignal(signal.SIGTERM),
        "backend of pictures": mpl.get_backend(),
    }


@pytest.fixture(autouse=True)
def _leaves_the_process_as_it_was(monkeypatch):
    """Whatever order the tests run in, each finds the same process."""
    before = state_of_process()
    yield
    monkeypatch.undo()
    after = state_of_process()
    changed = {
        name: (before.get(name), after.get(name))
        for name in before | after
        if before.get(name) != after.get(name)
    }
    assert not changed, f"the test has changed, from → to: {changed}"


@pytest.fixture
def cpu_graphs(monkeypatch):
    """Steps on the CPU are captured and replayed as on a GPU, in short runs too."""
    from d2l.core.training import graphed_run
    from d2l.engine import graph

    monkeypatch.setitem(graph.GRAPHS, "cpu", RecordedOps)
    monkeypatch.setattr(graphed_run, "MIN_STEPS", 0)


@pytest.fixture(autouse=True)
def _captured_everywhere(request):
    """`CAPTURED=1 make test`: every fit of the suite with captured steps, where it can be.

    Tests that count calls of Python, which a replay does not make, are marked `counts_calls`.
    """
    if os.environ.get("CAPTURED") and "counts_calls" not in request.keywords:
        request.getfixturevalue("cpu_graphs")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
