"""A board that is looked at: in a Jupyter kernel, with a client that takes in what is displayed."""

import ast
import os
import tempfile
from pathlib import Path
from typing import Any

import click
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.manager import KernelManager

from bench.size import Size

# IPython's own events time a cell, so what is shown after its last line counts. Matplotlib is
# loaded before, as the released library does on its own.
SETUP = """
import time
import matplotlib.pyplot
from bench.boards import d2l, draw_epochs
begun, laps = [], []
events = get_ipython().events
events.register("pre_run_cell", lambda *_: begun.append(time.perf_counter()))
events.register(
    "post_run_cell", lambda *_: laps.extend(time.perf_counter() - t for t in begun[-1:])
)
"""
DISPLAYED = ("display_data", "update_display_data", "execute_result")
START_SECONDS = 120
CELL_SECONDS = 600

Bundle = dict[str, str]  # what one display shows, by media type


def board_in_kernel(size: Size, folder: Path, variables: dict[str, str]) -> dict[str, Any]:
    """Seconds in a fresh kernel, and the number and the megabytes of the pictures that it sent."""
    manager = KernelManager(
        # No folders to search: all that is left is the kernel of this interpreter.
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        kernel_name=NATIVE_KERNEL_NAME,
    )
    # The kernel itself chooses how Matplotlib draws, and sees no start-up files.
    variables = {name: value for name, value in variables.items() if name != "MPLBACKEND"}
    with tempfile.TemporaryDirectory() as private, open(os.devnull, "wb") as nowhere:
        variables["IPYTHONDIR"] = private
        manager.start_kernel(cwd=str(folder), env=variables, stdout=nowhere, stderr=nowhere)
        client = manager.blocking_client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=START_SECONDS)
            return _measure(client, size)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def _measure(client: BlockingKernelClient, size: Size) -> dict[str, Any]:
    _run(client, SETUP)
    pictures = _run(client, f"board = draw_epochs({size.board_epochs})")
    (numbers,) = _run(client, "{'file': d2l.__file__, 'kernel_board': laps[-1]}")
    num_bytes = sum(len(part) for bundle in pictures for part in bundle.values())
    found = {"pictures": len(pictures), "megabytes": num_bytes / 1e6}
    return ast.literal_eval(numbers["text/plain"]) | found


def _run(client: BlockingKernelClient, code: str) -> list[Bundle]:
    """Run a cell and return each thing that it displays."""
    displayed: list[Bundle] = []

    def take(message: dict[str, Any]) -> None:
        if message["msg_type"] in DISPLAYED:
            displayed.append(message["content"]["data"])

    try:
        reply = client.execute_interactive(code, output_hook=take, timeout=CELL_SECONDS)
    except TimeoutError as error:
        raise click.ClickException(
            f"not done after {CELL_SECONDS} s in the kernel: {code}. Run it on a quieter machine"
        ) from error
    if reply["content"]["status"] != "ok":
        words = "\n".join(reply["content"]["traceback"])
        raise click.ClickException(f"a cell failed in the kernel: {code.strip()}\n{words}")
    return displayed
