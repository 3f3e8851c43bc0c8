"""A fresh Jupyter kernel on this very Python, whatever kernels the machine has registered.

It sees this d2l and none of the user's IPython start-up files, and is gone when the block ends.
"""

import logging
import os
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

from d2l.errors import D2LError

START_SECONDS = 120


class KernelStartError(D2LError, RuntimeError):
    """A kernel that did not start."""


@asynccontextmanager
async def fresh_kernel(
    notebook: NotebookNode, folder: Path, cell_timeout: int | None
) -> AsyncIterator[NotebookClient]:
    """Start a kernel in `folder` and give a client that runs the notebook's cells in it."""
    with TemporaryDirectory(prefix="d2l-kernel-", ignore_cleanup_errors=True) as private:
        manager = AsyncKernelManager(
            # No folders to search: all that is left is the kernel of this interpreter.
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            kernel_name=NATIVE_KERNEL_NAME,
            connection_file=str(Path(private, "connection.json")),
            log=_silence(),
        )
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=cell_timeout,
            startup_timeout=START_SECONDS,
            coalesce_streams=True,
            record_timing=False,
            store_widget_state=False,
            log=_silence(),
        )
        with open(Path(private, "log.txt"), "w+b") as log:
            try:
                await _start(client, folder, private, log)
                yield client
            finally:
                await _stop(client, manager)


async def _start(client: NotebookClient, folder: Path, private: str, log: IO[bytes]) -> None:
    try:
        await client.async_start_new_kernel(
            cwd=str(folder), env=_environment(private), stdout=log, stderr=log
        )
        await client.async_start_new_kernel_client()
    except RuntimeError as error:
        log.seek(0)
        said = log.read().decode(errors="replace").strip().splitlines()[-1:]
        raise KernelStartError(f"the Jupyter kernel did not start: {error} {said}") from error


async def _stop(client: NotebookClient, manager: AsyncKernelManager) -> None:
    if client.kc is not None:
        client.kc.stop_channels()
    if manager.has_kernel:
        await manager.shutdown_kernel(now=True)


def _environment(private: str) -> dict[str, str]:
    environment = os.environ | {"IPYTHONDIR": private}
    # A backend set for this process would keep pictures out of the notebook.
    environment.pop("MPLBACKEND", None)
    import_root = str(Path(__file__).parents[2])
    # Installed, d2l is found anyway, and first on the path its neighbours could hide the
    # standard library; from a checkout, the kernel's own folder is not the checkout.
    if import_root not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        found_after = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (import_root, found_after)))
    return environment


def _silence() -> logging.Logger:
    """Return a logger that says nothing: what goes wrong is raised, not logged as well."""
    return logging.Logger("kernel", level=logging.CRITICAL + 1)
