"""`!pip install` within a sandbox: what is there stays, and nothing comes, or for this run alone.

New packages go to a folder of the run's own, and never in the place of one that is installed.
"""

import importlib.metadata
import os
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path

_ALWAYS = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}
NOT_INSTALLED = (
    "d2l: nothing is installed during this run, only what is there already can be used; "
    "`d2l run --allow-install` lets a notebook of your own install packages for one run"
)


def install_environment(may_install: bool) -> dict[str, str]:
    """Return the variables that configure pip, and where Python finds what it installs."""
    if not may_install:
        return {**_ALWAYS, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    folder = Path(tempfile.mkdtemp(prefix="d2l-installed-"))
    constraints = folder / "installed.txt"
    constraints.write_text("".join(f"{line}\n" for line in _installed()))
    libraries = _libraries(folder)
    os.makedirs(libraries)  # Python never looks again into a folder that was not there
    found_after = os.environ.get("PYTHONPATH", "")
    return {
        **_ALWAYS,
        "PIP_PREFIX": str(folder),
        "PIP_CONSTRAINT": str(constraints),
        "PYTHONPATH": os.pathsep.join(filter(None, (libraries, found_after))),
    }


def explain_failed_installs(
    system: Callable[[str], None], exit_code: Callable[[], object]
) -> Callable[[str], None]:
    """Wrap the shell's `system`: where pip finds nothing, say that this run installs nothing."""

    def explaining(command: str) -> None:
        system(command)
        if "pip" in command and "install" in command and exit_code():
            print(NOT_INSTALLED)

    return explaining


def _installed() -> list[str]:
    found = importlib.metadata.distributions()
    return sorted({f"{one.name}=={one.version}" for one in found if one.name})


def _libraries(folder: Path) -> str:
    places = {"base": str(folder), "platbase": str(folder)}
    return sysconfig.get_path("purelib", sysconfig.get_preferred_scheme("prefix"), places)
