"""Start a Jupyter kernel with the current Python, independent of registered kernels.

The kernel imports this d2l, ignores the user's IPython start-up files, and is shut down when the
block ends. Files in its folder cannot keep it from starting.
"""

import asyncio
import logging
import os
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Protocol

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from d2l.errors import D2LError
from d2l.notebook.kernel_main import HOOKS

START_SECONDS = 120
GRACE_SECONDS = 10  # from an interrupt until a kernel that ignores it is killed
INTERRUPT_SECONDS = 5  # between two interrupts
IDLE_SECONDS = 4  # for outputs that arrive after the kernel's reply
ALIVE_SECONDS = 0.25
IMPORT_ROOT = str(Path(__file__).parents[2])  # the folder that contains d2l/
MAX_SOCKET_FOLDER = 90  # socket paths may have 103 characters on every system

Message = Callable[[str, Mapping[str, Any]], None]


class KernelStartError(D2LError, RuntimeError):
    """A kernel that did not start."""


class KernelDiedError(D2LError, RuntimeError):
    """A kernel whose process ended."""


class KernelTimeoutError(D2LError, TimeoutError):
    """Code exceeded its time limit; the kernel was interrupted, or killed if it did not stop."""


class TimeLimit(Protocol):
    """The limit of one execution."""

    async def reached(self) -> str:
        """Return a message once the limit is reached."""

    async def grace_is_over(self) -> None:
        """Called after the first interrupt; returns when the kernel must be killed."""


class WallLimit:
    """A limit on wall time in seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def reached(self) -> str:
        await asyncio.sleep(self._seconds)
        return f"stopped: timed out after {round(self._seconds, 1):g} s"

    async def grace_is_over(self) -> None:
        await asyncio.sleep(GRACE_SECONDS)


class Kernel:
    """A running kernel that executes one request at a time."""

    def __init__(self, manager: AsyncKernelManager, client: AsyncKernelClient) -> None:
        self._manager = manager
        self._client = client
        self.process_id = int(manager.provisioner.pid)  # type: ignore[union-attr]

    async def execute(
        self,
        code: str,
        on_message: Message = lambda kind, content: None,
        limit: float | TimeLimit | None = None,
        silent: bool = False,
    ) -> Mapping[str, Any]:
        """Run `code`, pass its outputs to `on_message`, and return the content of the reply.

        `silent` code is not stored in the history. A number as `limit` is in seconds. Raises
        `KernelTimeoutError` if the limit is reached, and `KernelDiedError`.
        """
        request = self._client.execute(
            code, silent=silent, store_history=not silent, allow_stdin=False, stop_on_error=False
        )
        shown = asyncio.ensure_future(self._shown(request, on_message))
        answer = asyncio.ensure_future(self._answer(request, shown))
        death = asyncio.ensure_future(self._death())
        if isinstance(limit, (int, float)):
            limit = WallLimit(limit)
        try:
            return await self._first(answer, death, limit)
        finally:
            for task in (answer, shown, death):
                task.cancel()
            await asyncio.gather(answer, shown, death, return_exceptions=True)

    async def _first(
        self,
        answer: "asyncio.Future[Mapping[str, Any]]",
        death: "asyncio.Future[None]",
        limit: TimeLimit | None,
    ) -> Mapping[str, Any]:
        over = None if limit is None else asyncio.ensure_future(limit.reached())
        try:
            await _any_of(answer, death, over)
        finally:
            if over is not None and not over.done():
                over.cancel()
        if answer.done():
            return answer.result()
        if death.done():
            raise KernelDiedError("the kernel died: its process exited or was killed")
        assert limit is not None
        assert over is not None
        grace = asyncio.ensure_future(limit.grace_is_over())
        while not (answer.done() or death.done() or grace.done()):
            await self._manager.interrupt_kernel()
            await _any_of(answer, death, grace, seconds=INTERRUPT_SECONDS)
        grace.cancel()
        if not answer.done():
            await self.kill()
        raise KernelTimeoutError(over.result())

    async def kill(self) -> None:
        """Kill the kernel's process; `execute` then raises `KernelDiedError`."""
        if self._manager.has_kernel:
            await self._manager.shutdown_kernel(now=True)

    def leave(self) -> None:
        """Close the sockets to the kernel, which continues to run."""
        self._client.stop_channels()

    async def is_alive(self) -> bool:
        """Whether the kernel's process is running."""
        return bool(self._manager.has_kernel and await self._manager.is_alive())

    async def _shown(self, request: str, on_message: Message) -> None:
        while True:
            message = await self._client.get_iopub_msg(timeout=None)
            if message["parent_header"].get("msg_id") != request:
                continue  # from a thread of an earlier cell
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content.get("execution_state") == "idle":
                return
            on_message(kind, content)

    async def _answer(self, request: str, shown: "asyncio.Future[None]") -> Mapping[str, Any]:
        while True:
            message = await self._client.get_shell_msg(timeout=None)
            if message["parent_header"].get("msg_id") == request:
                break
        await asyncio.wait((shown,), timeout=IDLE_SECONDS)
        if shown.done():
            shown.result()  # raises errors of `on_message`
        content: Mapping[str, Any] = message["content"]
        return content

    async def _death(self) -> None:
        while await self.is_alive():
            await asyncio.sleep(ALIVE_SECONDS)


async def _any_of(*tasks: "asyncio.Future[Any] | None", seconds: float | None = None) -> None:
    """Wait until one of the tasks has ended, at most `seconds`."""
    waited = {task for task in tasks if task is not None}
    await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


@asynccontextmanager
async def fresh_kernel(
    folder: Path, environment: Mapping[str, str] | None = None, hooks: str | None = None
) -> AsyncIterator[Kernel]:
    """Start a kernel in `folder`, with additional variables in its environment.

    `hooks` is the name of a module that the kernel imports before anything in `folder` can be
    imported; code from `hook_call` calls its functions. They must import everything at the top of
    the module, since `d2l` may later be a module of the notebook.
    """
    with TemporaryDirectory(prefix="d2l-kernel-", ignore_cleanup_errors=True) as private:
        manager = AsyncKernelManager(
            kernel_spec_manager=_ThisPython(hooks),
            kernel_name=NATIVE_KERNEL_NAME,
            connection_file=str(Path(private, "connection.json")),
            log=_silence(),
            **_transport(private),
        )
        environment = _environment(private, environment or {})
        with open(Path(private, "log.txt"), "w+b") as log:
            kernel = None
            try:
                kernel = await _start(manager, folder, environment, log)
                yield kernel
            finally:
                if kernel is not None:
                    kernel.leave()
                if manager.has_kernel:
                    await manager.shutdown_kernel(now=True)


def hook_call(function: str, *arguments: object) -> str:
    """Return code that calls a function of a kernel's hooks, with arguments as literals.

    >>> hook_call("begin", 3)
    "__import__('sys').modules['_d2l_kernel_hooks'].begin(*(3,))"
    """
    return f"__import__('sys').modules[{HOOKS!r}].{function}(*{arguments!r})"


class _ThisPython(KernelSpecManager):
    """Provides one kernel: that of this interpreter, started by `kernel_main`."""

    def __init__(self, hooks: str | None) -> None:
        super().__init__(kernel_dirs=[])
        root = IMPORT_ROOT if _is_checkout() else None
        # The first entry is the kernel's folder, which may contain files such as random.py.
        self._program = (
            f"import sys; sys.path[:] = [{IMPORT_ROOT!r}, *filter(None, sys.path)]; "
            f"import d2l.notebook.kernel_main as m; del sys.path[0]; m.main({root!r}, {hooks!r})"
        )

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-c", self._program, "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


async def _start(
    manager: AsyncKernelManager, folder: Path, environment: Mapping[str, str], log: IO[bytes]
) -> Kernel:
    await manager.start_kernel(cwd=str(folder), env=environment, stdout=log, stderr=log)
    client = manager.client()
    client.start_channels(stdin=False, hb=False)
    try:
        await client.wait_for_ready(timeout=START_SECONDS)
    except RuntimeError as error:
        client.stop_channels()
        log.seek(0)
        last_line = log.read().decode(errors="replace").strip().splitlines()[-1:]
        raise KernelStartError(
            f"The Jupyter kernel did not start: {error} {last_line}{_hidden_modules(folder)}"
        ) from error
    return Kernel(manager, client)


def _hidden_modules(folder: Path) -> str:
    """Return a hint about files in the folder that shadow modules of the standard library."""
    stems = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    hidden = sorted(stems & sys.stdlib_module_names)[:5]
    if not hidden:
        return ""
    return f". Files in {folder} shadow standard library modules. Rename {', '.join(hidden)}."


def _transport(private: str) -> dict[str, str]:
    """Return options for sockets in the kernel's folder, so that kernels never share a port."""
    if os.name == "posix" and len(private) < MAX_SOCKET_FOLDER:
        return {"transport": "ipc", "ip": str(Path(private, "socket"))}
    return {}


def _is_checkout() -> bool:
    return IMPORT_ROOT not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


def _environment(private: str, further: Mapping[str, str]) -> Mapping[str, str]:
    environment = os.environ | {"IPYTHONDIR": private} | dict(further)
    # A backend set for this process would keep figures out of the notebook.
    environment.pop("MPLBACKEND", None)
    # An installed d2l is found anyway, and site-packages first on the path could shadow the
    # standard library. A checkout is not the kernel's folder, so it must be added.
    if _is_checkout():
        found_after = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (IMPORT_ROOT, found_after)))
    return environment


def _silence() -> logging.Logger:
    """Return a logger that discards everything: errors are raised instead."""
    return logging.Logger("kernel", level=logging.CRITICAL + 1)
