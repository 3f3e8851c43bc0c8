"""What a run begins with: seeds moved by its offset, packages that stay as they are."""

import random
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from sandboxes import box_of, notebook_of, printed, run, statuses

from d2l.grader.sandbox.job import Job
from d2l.grader.sandbox.sandbox_run import run_in_sandbox


def test_a_supervisor_loads_no_package_that_takes_longer_than_starting_it():
    """Each run of each submission starts one; nbformat alone doubled the time of an empty run."""
    program = "import sys, d2l.grader.sandbox.guest.supervisor; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"nbformat", "jsonschema", "numpy", "torch", "IPython", "matplotlib"}


@pytest.mark.slow
def test_what_pip_finds_is_left_and_what_it_does_not_find_is_explained():
    outcome = run("!pip install -q numpy nbformat", "%pip install there-is-no-such-thing-9")
    assert statuses(outcome) == ["ok", "ok"]
    assert printed(outcome, 1) == ""
    assert "No matching distribution" in printed(outcome, 2)
    assert "package installation is disabled in this run" in printed(outcome, 2)


def seeded():
    sources = (
        "import random\nprint(random.random())",
        "random.seed(5); print(random.random(), random.Random(6).random())",
        "import sys; print('torch' in sys.modules)",
        "import numpy as np\nprint(np.random.rand(), np.random.default_rng().random())",
        "np.random.seed(7); print(np.random.rand(), np.random.default_rng(8).random())",
        "print(np.random.RandomState(9).rand())",
        "import torch\nprint(torch.rand(1).item())",
        "torch.manual_seed(10); print(torch.rand(1).item())",
        "print(torch.rand(1, generator=torch.Generator().manual_seed(11)).item())",
        "torch.default_generator.manual_seed(12); print(torch.rand(1).item())",
        "print(np.random.Generator(np.random.PCG64(13)).random())",
        "print(sorted({'a', 'b', 'c', 'd', 'e'}) != 0, hash('a'))",
    )
    return sources


def expected(seed_offset):
    """The same numbers, from generators of this process."""
    import torch

    def torch_number(seed):
        return torch.rand(1, generator=torch.Generator().manual_seed(seed)).item()

    def rand(seed):
        return np.random.RandomState(seed).rand()

    numbers = [
        [random.Random(seed_offset).random()],
        [random.Random(5 + seed_offset).random(), random.Random(6 + seed_offset).random()],
        None,
        [rand(seed_offset), np.random.default_rng([seed_offset, 1]).random()],
        [rand(7 + seed_offset), np.random.default_rng(8 + seed_offset).random()],
        [rand(9 + seed_offset)],
        [torch_number(seed_offset)],
        [torch_number(10 + seed_offset)],
        [torch_number(11 + seed_offset)],
        [torch_number(12 + seed_offset)],
        [np.random.Generator(np.random.PCG64(13 + seed_offset)).random()],
    ]
    return numbers


@pytest.mark.slow
@pytest.mark.parametrize("seed_offset", [0, 3])
def test_a_run_begins_with_its_shift_and_moves_every_seed_by_it(seed_offset):
    outcome = run(*seeded(), seed_offset=seed_offset)
    assert outcome.status == "ok", outcome.reason
    assert outcome.seed_offset == seed_offset
    assert printed(outcome, 3) == "False\n"  # nothing is loaded that the notebook does not load
    for index, numbers in enumerate(expected(seed_offset), start=1):
        if numbers:
            assert [float(word) for word in printed(outcome, index).split()] == numbers, index


@pytest.mark.slow
def test_where_it_is_allowed_new_packages_come_for_one_run_and_none_is_replaced(tmp_path):
    write_wheel(tmp_path, "tiny_for_a_test", "1.0")
    write_wheel(tmp_path, "numpy", "99.0")
    notebook = notebook_of(
        "!pip install -q --no-index ./tiny_for_a_test-1.0-py3-none-any.whl numpy",
        "import tiny_for_a_test, numpy\nprint(tiny_for_a_test.x, numpy.pi)",
        "!pip install --no-index ./numpy-99.0-py3-none-any.whl",
    )
    sandbox = replace(box_of(), network=True)
    outcome = run_in_sandbox(Job(notebook, files=tmp_path, may_install=True), sandbox)
    assert outcome.status == "ok", printed(outcome, 1) + outcome.reason
    assert printed(outcome, 2) == f"1.0 {np.pi}\n"
    assert "conflict" in printed(outcome, 3).lower()


def write_wheel(folder, name, version):
    """A package of one line, as a file that pip installs without an index."""
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"x = {version}\n")
        wheel.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")
