"""`d2l doctor`: print versions, devices, data, isolation, and the choices d2l would make."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import click

PACKAGES = ("d2l", "torch", "torchvision", "numpy", "matplotlib", "pandas", "click", "rich")
NOTEBOOK_PACKAGES = ("jupyterlab", "ipykernel", "nbconvert", "nh3", "latex2mathml")


@click.command()
@click.option("--root", default="../data", show_default=True, help="folder of the data sets")
def doctor(root: str) -> None:
    """Print what this machine provides, what d2l would choose on it, and why."""
    for title, lines in (
        ("versions", _versions()),
        ("devices", _devices()),
        ("Fashion-MNIST", _data(root)),
        ("isolation of untrusted notebooks (d2l run, check, grade)", _isolation()),
        ("choices", _choices()),
    ):
        click.secho(title, bold=True)
        for line in lines:
            click.echo(f"  {line}")


def _versions() -> Iterator[str]:
    from d2l.base import torchvision_import

    use = "for homework that imports it, and a part of computer vision"
    optional = {"torchvision": f", which is optional ({use}): {torchvision_import.fix()}"}
    yield f"Python {platform.python_version()} on {platform.platform()}"
    for names, extra in ((PACKAGES, ""), (NOTEBOOK_PACKAGES, "  (pip install 'd2l[notebook]')")):
        for name in names:
            try:
                yield f"{name} {importlib.metadata.version(name)}"
            except importlib.metadata.PackageNotFoundError:
                yield f"{name} is not installed{extra or optional.get(name, '')}"
    if not torchvision_import.is_installed():
        return
    try:
        torchvision_import.load_torchvision("computer vision")
    except ImportError as error:
        yield f"problem: {error}"


def _devices() -> Iterator[str]:
    import torch

    from d2l.base.devices import gpu, num_gpus

    yield f"cpu: {os.cpu_count()} cores, {torch.get_num_threads()} threads for tensors"
    for i in range(num_gpus()):
        name = torch.cuda.get_device_name(i) if torch.cuda.is_available() else "Apple GPU"
        yield f"{gpu(i)}: {name}"
    if not num_gpus():
        built_for = f"CUDA {torch.version.cuda}" if torch.version.cuda else "the CPU only"
        yield f"no GPU that PyTorch can use (this PyTorch is built for {built_for})"


def _data(root: str) -> Iterator[str]:
    from d2l.data import fashion_files

    for name in fashion_files.SHA256:
        found = next(
            (path for path in fashion_files.candidate_paths(name, root) if path.exists()), None
        )
        yield f"{name}: {_state(name, found)}"


def _state(name: str, path: Path | None) -> str:
    from d2l.data import fashion_files

    if path is None:
        return "not on this machine; downloaded at first use"
    try:
        fashion_files.read_file(name, path)
    except fashion_files.UNREADABLE as error:
        return f"{path} cannot be used: {error}"
    return f"{path}, checksum OK"


def _isolation() -> Iterator[str]:
    from d2l.grader.sandbox.bubblewrap import install_hint, what_is_missing
    from d2l.notebook.optional_deps import MissingToolsError, require_tools

    try:
        require_tools()
    except MissingToolsError as error:
        yield f"problem: {error}"
        return
    missing = what_is_missing()
    if missing:
        yield f"problem: {missing}. Install: {install_hint()}"
        return
    from d2l.grader.sandbox.selftest import IsolationError, choose_isolation

    try:
        yield from str(choose_isolation()).splitlines()
    except IsolationError as error:
        yield f"problem: {error}"


def _choices() -> Iterator[str]:
    from d2l.base.devices import num_gpus, try_gpu
    from d2l.plot.frontend import detect_frontend
    from d2l.runs.tensorboard import availability

    if num_gpus():
        yield f"device: {try_gpu()} (a GPU was found); Trainer(num_gpus=0) uses the CPU"
    else:
        yield f"device: {try_gpu()} (no GPU was found)"
    if try_gpu().type == "cuda":
        yield "steps: captured as CUDA graphs and replayed if the results are the same"
    else:
        yield f"steps: eager; CUDA graphs are not available on {try_gpu().type}"
    yield "trainer.plan describes the choice for each run, with the reason"
    yield "Fashion-MNIST: batched in memory (47 MB of pixels), without worker processes"
    shown = {
        "notebook": "a figure that is updated in place (in a notebook)",
        "terminal": "a progress line (in a terminal)",
        "plain": "a single summary line (neither a notebook nor a terminal)",
    }
    yield f"progress: {shown[detect_frontend()]}"
    yield availability()
