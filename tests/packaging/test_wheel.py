"""The wheel in environments of its own: with the hard requirements alone, and with extras.

PyTorch is too large to install for a test: each environment sees the packages of this one by links,
those that its requirements name and what these require, and no others.
"""

import csv
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytest.importorskip("hatchling")
pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]
COURSE = REPOSITORY / "examples" / "course"
RIGHT = "bao_nguyen"  # a submission with all points, 26


class Environment:
    """A virtual environment with the wheel, and programs run in it, far from the checkout."""

    def __init__(self, folder, wheel, extras):
        self.folder = folder
        venv.create(folder / "env", with_pip=False, symlinks=os.name != "nt")
        scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        self.python = scripts / "python"
        self.command = scripts / "d2l"
        packages = folder / "packages"
        packages.mkdir()
        link_packages(packages, {*requirements(wheel, extras), "pip"})
        site = self.run(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        Path(site.strip(), "packages.pth").write_text(f"{packages}\n", "utf-8")
        before = self.freeze()
        # With its requirements: pip must find each of them there.
        said = self.run(self.python, "-m", "pip", "install", "--no-index", f"{wheel}{extras}")
        assert "Successfully installed d2l-" in said
        assert [line for line in self.freeze() if not line.startswith("d2l ")] == before

    def run(self, *command, status=0):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            [*map(str, command)], cwd=self.folder, env={**environment, "NO_COLOR": "1"},
            capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def freeze(self):
        return self.run(self.python, "-m", "pip", "freeze", "--all").splitlines()

    def d2l(self, *arguments, status=0):
        return self.run(self.command, *arguments, status=status)


def requirements(wheel, extras):
    """The names of the distributions that the wheel needs, and of those that these need."""
    (found,) = importlib.metadata.distributions(path=[str(wheel)])
    left = needed_by(found, extras.strip("[]").split(","))
    seen = set()
    while left:
        requirement = left.pop()
        key = canonical(requirement.name), frozenset(requirement.extras)
        if key in seen or key[0] == "d2l":
            continue
        seen.add(key)
        left += needed_by(importlib.metadata.distribution(key[0]), requirement.extras)
    return {name for name, _ in seen}


def needed_by(distribution, extras):
    """What its metadata name, for these extras too."""
    needed = [Requirement(line) for line in distribution.requires or []]
    return [
        r
        for r in needed
        if r.marker is None or any(r.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def link_packages(folder, names):
    for name in names:
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files if file.parts[0] not in ("..", "/")}
        for top in tops - {"__pycache__"}:
            source = Path(distribution.locate_file(top))
            if source.exists() and not (folder / top).exists():
                (folder / top).symlink_to(source.resolve(), target_is_directory=source.is_dir())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, timeout=900)
    return next(folder.glob("d2l-*.whl"))


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory):
    """The hard requirements: PyTorch without torchvision, and none of the extras."""
    return Environment(tmp_path_factory.mktemp("bare"), wheel, "")


@pytest.fixture(scope="module")
def full(wheel):
    """With notebooks and torchvision; in a folder that an unprivileged user may read too."""
    folder = Path(tempfile.mkdtemp(prefix="d2l-test-"))
    folder.chmod(0o755)
    yield Environment(folder, wheel, "[notebook,vision]")
    shutil.rmtree(folder)


def first_program():
    text = (REPOSITORY / "README.md").read_text("utf-8")
    program = re.search(r"```python\n(.*?)```", text, re.S)[1]
    assert "max_epochs=10" in program
    return program.replace("max_epochs=10", "max_epochs=1")


def is_importable(environment, package):
    code = f"import importlib.util as u; print(u.find_spec({package!r}) is not None)"
    return environment.run(environment.python, "-c", code).strip() == "True"


@pytest.mark.parametrize("name", ["bare", "full"])
def test_the_readmes_first_program_trains_from_the_wheel(request, name):
    environment = request.getfixturevalue(name)
    where = environment.run(environment.python, "-c", "import d2l; print(d2l.__file__)")
    assert Path(where.strip()).is_relative_to(environment.folder / "env")
    assert is_importable(environment, "torchvision") == (name == "full")
    assert is_importable(environment, "nbformat") == (name == "full")
    *_, line, numbers = environment.run(environment.python, "-c", first_program()).splitlines()
    assert line.startswith("epoch 1/1: train_loss ")
    assert float(re.search(r"'val_acc': ([\d.]+)", numbers)[1]) > 0.7


def test_what_needs_no_extra_works_without_any(bare, tmp_path):
    for command in ("train", "lessons", "runs", "data", "doctor", "tutor", "grade"):
        assert command in bare.d2l("--help")
        assert "Usage: d2l" in bare.d2l(command, "--help")
    titles = dict(line.split(maxsplit=1) for line in bare.d2l("lessons", "list").splitlines())
    assert titles["2_1_data_manipulation"] == "2.1 Data manipulation"
    said = bare.d2l("doctor")
    assert "torchvision is not installed, which is optional" in said
    assert "pip install 'd2l[notebook]'" in said
    assert "broadcast" in bare.d2l("tutor", "list")
    bare.d2l("data", "list")
    bare.d2l("train", "linear", "--epochs", "1", "--out", tmp_path / "runs")
    assert "LinearRegression" in bare.d2l("runs", tmp_path / "runs")


@pytest.mark.parametrize(
    "command",
    [["lessons", "run", "4.4"], ["lessons", "export", "4.4", "--out", "x"], ["run", "x.ipynb"]],
)
def test_what_needs_an_extra_names_it_in_a_line(bare, command):
    (bare.folder / "x.ipynb").write_text("{}")
    said = bare.d2l(*command, status=1)
    assert said.endswith("pip install 'd2l[notebook]'\n")
    assert said.count("\n") == 1


def test_a_submission_is_graded_from_the_wheel(full, tmp_path):
    """Without isolation: a sandbox shows no packages of another environment."""
    (tmp_path / "submissions").mkdir()
    submission = COURSE / "submissions" / f"{RIGHT}.py"
    (tmp_path / "submissions" / submission.name).write_bytes(submission.read_bytes())
    shutil.copytree(COURSE, tmp_path / "course", ignore=shutil.ignore_patterns("submissions"))
    rubric = tmp_path / "course" / "rubric.toml"
    text = rubric.read_text("utf-8")
    assert 'seeds = "auto"' in text  # ten runs of the reference
    rubric.write_text(text.replace('seeds = "auto"', "seeds = [0, 1, 2]"), "utf-8")
    out = tmp_path / "grades"
    full.d2l("grade", tmp_path / "submissions", "--rubric", rubric, "--out", out,
             "--isolation", "none")  # fmt: skip
    (row,) = csv.DictReader((out / "grades.csv").read_text("utf-8-sig").splitlines())
    assert (row["student"], float(row["total"])) == (RIGHT, 26)
