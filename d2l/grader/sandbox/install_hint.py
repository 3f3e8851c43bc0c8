"""What isolation needs that this machine lacks, and the one command that installs it."""

import functools
import platform
import shutil
import subprocess
from pathlib import Path

NEEDED = {"bwrap": "bubblewrap", "setpriv": "util-linux", "prlimit": "util-linux", "tar": "tar"}
OLDEST = (0, 8)  # the first bubblewrap that can forbid further user namespaces
_INSTALLERS = {
    "debian": "sudo apt install",
    "fedora": "sudo dnf install",
    "arch": "sudo pacman -S",
    "suse": "sudo zypper install",
    "alpine": "sudo apk add",
}


def what_is_missing(system: str = platform.system()) -> str:
    """Return in one sentence what keeps bubblewrap from isolating runs here; empty for nothing."""
    if system != "Linux":
        return f"bubblewrap needs Linux, and this is {system or 'another system'}"
    missing = dict.fromkeys(package for tool, package in NEEDED.items() if not shutil.which(tool))
    if missing:
        return f"not installed: {', '.join(missing)}"
    version = bubblewrap_version()
    if version < OLDEST:
        found, oldest = (".".join(map(str, numbers)) for numbers in (version, OLDEST))
        return f"bubblewrap {found} is too old; {oldest} or newer is needed"
    return ""


def install_hint(system: str = platform.system(), release: str | None = None) -> str:
    """Return the command that provides isolation on this system; `release` is its os-release."""
    container = "docker run, or podman: `d2l grade … --isolation docker --image NAME`"
    if system == "Darwin":
        return f"brew install podman && podman machine init --now; then {container}"
    if system == "Windows":
        return f"wsl --install, then install d2l inside WSL; or Docker Desktop and {container}"
    packages = " ".join(dict.fromkeys(NEEDED.values()))
    names = _names_of_release(_os_release() if release is None else release)
    for name, command in _INSTALLERS.items():
        if name in names:
            return f"{command} {packages}"
    return f"install {packages} by your system's package manager; or use {container}"


@functools.cache
def bubblewrap_version() -> tuple[int, ...]:
    """Return the version of `bwrap`; (0,) where it does not say."""
    try:
        done = subprocess.run(
            ["bwrap", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
        return tuple(int(part) for part in done.stdout.split()[-1].split("."))
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return (0,)


def _names_of_release(text: str) -> set[str]:
    lines = (line.partition("=")[::2] for line in text.splitlines())
    fields = {name: value.strip("\"'") for name, value in lines}
    names = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".split()
    return {"suse" if "suse" in name else name for name in names}


def _os_release() -> str:
    path = Path("/etc/os-release")
    return path.read_text(encoding="utf-8") if path.is_file() else ""
