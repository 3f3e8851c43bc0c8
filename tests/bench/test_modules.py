"""Every module of the benchmarks can be loaded: what they import is still there."""

import importlib
from pathlib import Path

import pytest

import bench

FOLDER = Path(bench.__file__).parent
FILES = [p for p in FOLDER.rglob("*.py") if not p.stem.startswith("__")]
MODULES = sorted(".".join(p.relative_to(FOLDER).with_suffix("").parts) for p in FILES)
OPTIONAL = {"jax", "keras", "lightning", "skorch"}  # the extra `peers`


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_the_benchmarks_can_be_loaded(name):
    try:
        importlib.import_module(f"bench.{name}")
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        pytest.skip(f"{error.name} is not installed")
