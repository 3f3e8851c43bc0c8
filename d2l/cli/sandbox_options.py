"""Sandbox options, shared by all commands that run notebooks."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from d2l.grader.sandbox.isolation import Limits, SandboxConfig

_LEVELS = ["none", "bubblewrap", "container"]
_ENGINES = ["docker", "podman"]  # both provide the level "container"
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_OPTIONS = (
    click.option(
        "--isolation",
        type=click.Choice([*_LEVELS, *_ENGINES]),
        help="Isolation of runs; by default bubblewrap. `none` exposes your files.",
    ),
    click.option("--require", type=click.Choice(_LEVELS), help="Minimum isolation level."),
    click.option("--image", help="For docker and podman: an image with Python and d2l."),
    click.option(
        "--data",
        type=_FOLDER,
        help="Folder that notebooks can read, available there as D2L_DATA; by default the folder "
        "in the environment variable D2L_DATA.",
    ),
)


@dataclass(frozen=True)
class SandboxOptions:
    """The values of the options."""

    isolation: str | None
    require: str | None
    image: str | None
    data: Path | None

    def sandbox(
        self, limits: "Limits", hidden: Sequence[Path] = (), network: bool = False
    ) -> "SandboxConfig":
        """Verify the isolation on this machine, print its level, and return the sandbox.

        `hidden` are files that notebooks must not be able to read. Raises `IsolationError` if the
        level is not available, or below `--require`.
        """
        from d2l.grader.sandbox.isolation import Level, SandboxConfig
        from d2l.grader.sandbox.selftest import choose_isolation

        engine = self.isolation if self.isolation in _ENGINES else None
        names = "container" if engine else self.isolation, self.require
        requested, required = (Level[name.upper()] if name else None for name in names)
        tested = choose_isolation(requested, required, hidden, self.image, engine)
        click.echo(str(tested))
        data = self.data or _usual_data()
        return SandboxConfig(
            tested.level,
            limits,
            data=data and data.resolve(),
            network=network,
            container_image=self.image,
            container_engine=engine,
        )


def _usual_data() -> Path | None:
    """Return the folder in D2L_DATA, None if it is not set or does not exist yet."""
    folder = Path(os.environ.get("D2L_DATA", ""))
    return folder if folder.name and folder.is_dir() else None


def sandbox_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which receives them as `chosen_sandbox`."""

    @wraps(command)
    def with_sandbox(*arguments: Any, **values: Any) -> Any:
        options = SandboxOptions(
            *(values.pop(name) for name in SandboxOptions.__dataclass_fields__)
        )
        return command(*arguments, chosen_sandbox=options, **values)

    for option in reversed(_OPTIONS):
        with_sandbox = option(with_sandbox)
    return with_sandbox
