"""`d2l train`: train the book's first models with live plots and checkpoints.

Under torchrun (`torchrun --nproc-per-node 2 -m d2l train mlp`) the processes train one model.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from d2l.core.data_module import DataModule
    from d2l.core.module import Module

POSITIVE_INT = click.IntRange(min=1)
POSITIVE_FLOAT = click.FloatRange(min=0, min_open=True)


@click.command()
@click.argument("model", type=click.Choice(["linear", "softmax", "mlp"]))
@click.option("--epochs", type=POSITIVE_INT, default=10, show_default=True)
@click.option("--batch-size", type=POSITIVE_INT, help="default: 256; linear: 32")
@click.option("--lr", type=POSITIVE_FLOAT, help="learning rate; default: 0.1, linear: 0.03")
@click.option("--num-hiddens", type=POSITIVE_INT, default=256, show_default=True, help="mlp only")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps, …")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="default: out/MODEL")
@click.option("--root", default="../data", show_default=True, help="folder of the data sets")
@click.option("--resume", is_flag=True, help="continue from the newest checkpoint in the folder")
def train(
    model: str, epochs: int, seed: int, device: str, out: Path | None, resume: bool, **options: Any
) -> None:
    """Train MODEL with a live plot, and write plot, points and weights to a folder.

    A checkpoint is saved after every epoch, and on Ctrl-C and SIGTERM; --resume continues from the
    last one.
    """
    from d2l.base.seed import seed_all
    from d2l.core.trainer import Trainer

    folder = out or Path("out") / model
    folder.mkdir(parents=True, exist_ok=True)
    seed_all(seed)
    net, data = _linear(**options) if model == "linear" else _classifier(model, **options)
    trainer = Trainer(
        max_epochs=epochs,
        device=_device(device),
        seed=seed,
        checkpoint=folder / "checkpoints",
        run_dir=folder / "runs",
        on_nonfinite="stop",
    )
    try:
        trainer.fit(net, data, resume="last" if resume else None)
    finally:
        if trainer.is_main:
            _save_results(net, folder)
    results = trainer.validate(net, data)
    if trainer.is_main:
        for name, value in results.items():
            click.echo(f"{name}: {value:.4f}")
        click.echo(f"wrote board.svg, points.csv, weights.pt, checkpoints and runs to {folder}")


def _linear(batch_size: int | None, lr: float | None, **_: Any) -> tuple["Module", "DataModule"]:
    import torch

    from d2l.data.synthetic import SyntheticRegressionData
    from d2l.models.linear import LinearRegression

    data = SyntheticRegressionData(torch.tensor([2, -3.4]), 4.2, batch_size=batch_size or 32)
    return LinearRegression(lr or 0.03), data


def _classifier(
    model: str, batch_size: int | None, lr: float | None, num_hiddens: int, root: str
) -> tuple["Module", "DataModule"]:
    from d2l.data.fashion_mnist import FashionMNIST
    from d2l.models.linear import SoftmaxRegression
    from d2l.models.mlp import MLP

    data = FashionMNIST(batch_size=batch_size or 256, root=root)
    if model == "softmax":
        return SoftmaxRegression(num_outputs=10, lr=lr or 0.1), data
    return MLP(num_outputs=10, num_hiddens=num_hiddens, lr=lr or 0.1), data


def _device(name: str) -> Any:
    from d2l.base.devices import try_gpu, usable
    from d2l.scale.process_group import from_environment

    if name == "auto":
        return (
            None if from_environment().size > 1 else try_gpu()
        )  # each of several processes has its own device
    return usable(name)


def _save_results(net: "Module", folder: Path) -> None:
    """Save plot, points and weights, also of a run that was interrupted or failed."""
    import torch

    from d2l.core.board import save_board
    from d2l.core.checks import has_lazy_layers

    save_board(net.board, folder / "board.svg")
    save_board(net.board, folder / "points.csv")
    if not has_lazy_layers(net):
        torch.save(net.state_dict(), folder / "weights.pt")
