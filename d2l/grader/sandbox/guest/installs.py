"""`!pip install` inside a sandbox: disabled, or allowed for this run only.

Packages are installed to a temporary folder and never replace an installed package.
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
    "d2l: package installation is disabled in this run; only installed packages are available. "
    "`d2l run --allow-install` allows your own notebook to install packages for one run."
)


def install_environment(may_install: bool) -> dict[str, str]:
    """Return the environment variables that configure pip, and the path of its packages."""
    if not may_install:
        return {**_ALWAYS, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    folder = Path(tempfile.mkdtemp(prefix="d2l-installed-"))
    constraints = folder / "installed.txt"
    constraints.write_text("".join(f"{line}\n" for line in _installed()))
    libraries = _libraries(folder)
    os.makedirs(libraries)  # Python ignores a folder that does not exist at its start
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
    """Wrap the shell's `system` to explain why a `pip install` failed."""

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
