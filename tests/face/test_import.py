"""What importing the face costs: torch, and next to nothing more."""

import subprocess
import sys

import pytest

HEAVY = ("torchvision", "pandas", "scipy", "matplotlib", "IPython", "PIL", "rich", "requests")


def modules_after(statement):
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def added():
    return modules_after("from d2l import torch as d2l") - modules_after("import torch")


def test_the_face_loads_no_heavy_package(added):
    heavy = {name for name in added if name.partition(".")[0] in HEAVY}
    assert heavy == set()


def test_besides_its_own_the_face_loads_few_modules(added):
    others = {name for name in added if name.partition(".")[0] != "d2l"}
    assert len(others) <= 60, sorted(others)


def test_the_checks_of_the_tutor_load_on_first_use(added):
    assert not {name for name in added if name.startswith("d2l.tutor.checks")}


def test_naming_a_module_of_the_face_loads_it():
    loaded = modules_after("from d2l import torch as d2l; d2l.plt")
    assert "matplotlib.pyplot" in loaded
