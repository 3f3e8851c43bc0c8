"""A JupyterLab of our own on this machine: no file, port or setting of the user's is touched."""

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 600
QUIET = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false"},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}


@contextmanager
def jupyterlab(notebooks, private):
    """Serve the folder `notebooks`, with all the server's own files in `private`; give `url(name)`.

    `url` makes the address at which a notebook of the folder opens.
    """
    token = secrets.token_hex(16)
    with open(private / "log.txt", "w+b") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *_arguments(notebooks, token)],
            env=_environment(private),
            stdout=log,
            stderr=log,
        )
        try:
            address = _address(server, private)
            yield lambda name: f"{address}lab/tree/{name}?token={token}&reset"
        finally:
            _stop(server)


def _arguments(notebooks, token):
    return [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        "--port=0",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={notebooks}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=",
    ]


def _environment(private):
    folders = {f"JUPYTER_{kind}_DIR": str(private / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**os.environ, **folders, "HOME": str(private), "IPYTHONDIR": str(private)}
    environment.pop("MPLBACKEND", None)
    return environment | {"JUPYTERLAB_SETTINGS_DIR": str(_settings(private))}


def _settings(private):
    for plugin, values in QUIET.items():
        path = Path(private, "settings", f"{plugin}.jupyterlab-settings")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    return private / "settings"


def _address(server, private):
    """The address that the server wrote down once it was up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        for path in (private / "RUNTIME").glob("jpserver-*.json"):
            try:
                return json.loads(path.read_text(encoding="utf-8"))["url"]
            except ValueError:  # half-written: it is whole the next time
                pass
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{(private / 'log.txt').read_text()[-2000:]}")


def _stop(server):
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
