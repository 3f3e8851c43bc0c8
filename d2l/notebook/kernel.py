"""A fresh Jupyter kernel on this very Python, whatever kernels the machine has registered.

It sees this d2l and none of the user's IPython start-up files, and is gone when the block ends.
No file in its folder can keep it from starting. Knows nothing of notebooks: it is handed code and
hands on the kernel's messages.
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
IDLE_SECONDS = 4  # what the kernel still shows after it has answered
ALIVE_SECONDS = 0.25
IMPORT_ROOT = str(Path(__file__).parents[2])  # the folder that holds d2l/
MAX_SOCKET_FOLDER = 90  # of the 103 characters that every system has for a socket's path

Message = Callable[[str, Mapping[str, Any]], None]


class KernelStartError(D2LError, RuntimeError):
    """A kernel that did not start."""


class KernelDiedError(D2LError, RuntimeError):
    """A kernel whose process ended."""


class KernelTimeoutError(D2LError, TimeoutError):
    """Code that ran longer than it may; the kernel was interrupted, or killed if it went on."""


class TimeLimit(Protocol):
    """What one execution may use."""

    async def reached(self) -> str:
        """Return when it is used up, with a sentence on it."""

    async def grace_is_over(self) -> None:
        """Called after the first interrupt; return when the kernel is to be killed."""


class WallLimit:
    """A limit in seconds by the clock."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def reached(self) -> str:
        await asyncio.sleep(self._seconds)
        return f"stopped: it ran longer than {round(self._seconds, 1):g} s"

    async def grace_is_over(self) -> None:
        await asyncio.sleep(GRACE_SECONDS)


class Kernel:
    """A running kernel that is asked one thing at a time."""

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
        """Run `code`, hand on what it shows, and return the content of the kernel's answer.

        `silent` code leaves no trace in the history. A number as `limit` is seconds. Raises
        `KernelTimeoutError` when the limit is reached, and `KernelDiedError`.
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
            raise KernelDiedError("the kernel died: its process was ended")
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
        """End the kernel's process; `execute` then raises `KernelDiedError`."""
        if self._manager.has_kernel:
            await self._manager.shutdown_kernel(now=True)

    def leave(self) -> None:
        """Close the sockets to the kernel, which goes on."""
        self._client.stop_channels()

    async def is_alive(self) -> bool:
        """Whether the kernel's process runs."""
        return bool(self._manager.has_kernel and await self._manager.is_alive())

    async def _shown(self, request: str, on_message: Message) -> None:
        while True:
            message = await self._client.get_iopub_msg(timeout=None)
            if message["parent_header"].get("msg_id") != request:
                continue  # a thread of an earlier cell
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
            shown.result()  # an error in what takes the messages is ours
        content: Mapping[str, Any] = message["content"]
        return content

    async def _death(self) -> None:
        while await self.is_alive():
            await asyncio.sleep(ALIVE_SECONDS)


async def _any_of(*tasks: "asyncio.Future[Any] | None", seconds: float | None = None) -> None:
    """Wait until one of the tasks has ended, `seconds` at most."""
    waited = {task for task in tasks if task is not None}
    await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


@asynccontextmanager
async def fresh_kernel(
    folder: Path, environment: Mapping[str, str] | None = None, hooks: str | None = None
) -> AsyncIterator[Kernel]:
    """Start a kernel in `folder`, with further variables in its environment.

    `hooks` names a module that the kernel loads before anything in `folder` can be imported; code
    from `hook_call` calls its functions. All that they import must be imported at its top: later,
    `d2l` may be a module of the notebook's.
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
    """Return the code that calls a function of a kernel's hooks; arguments are passed as literals.

    >>> hook_call("begin", 3)
    "__import__('sys').modules['_d2l_kernel_hooks'].begin(*(3,))"
    """
    return f"__import__('sys').modules[{HOOKS!r}].{function}(*{arguments!r})"


class _ThisPython(KernelSpecManager):
    """Knows one kernel: that of this interpreter, which is started by `kernel_main`."""

    def __init__(self, hooks: str | None) -> None:
        super().__init__(kernel_dirs=[])
        root = IMPORT_ROOT if _is_checkout() else None
        # The first entry is the kernel's folder, where any file may lie, such as random.py.
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
        said = log.read().decode(errors="replace").strip().splitlines()[-1:]
        raise KernelStartError(
            f"The Jupyter kernel did not start: {error} {said}{_hidden_modules(folder)}"
        ) from error
    return Kernel(manager, client)


def _hidden_modules(folder: Path) -> str:
    """Name the files in the folder that hide a module of Python's own, which may be the reason."""
    stems = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    hidden = sorted(stems & sys.stdlib_module_names)[:5]
    if not hidden:
        return ""
    return f". Files in {folder} have names of Python's own modules: rename {', '.join(hidden)}"


def _transport(private: str) -> dict[str, str]:
    """Sockets in the kernel's own folder: two kernels never compete for a port."""
    if os.name == "posix" and len(private) < MAX_SOCKET_FOLDER:
        return {"transport": "ipc", "ip": str(Path(private, "socket"))}
    return {}


def _is_checkout() -> bool:
    return IMPORT_ROOT not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


def _environment(private: str, further: Mapping[str, str]) -> Mapping[str, str]:
    environment = os.environ | {"IPYTHONDIR": private} | dict(further)
    # A backend set for this process would keep pictures out of the notebook.
    environment.pop("MPLBACKEND", None)
    # Installed, d2l is found anyway, and first on the path its neighbours could hide the
    # standard library; from a checkout, the kernel's own folder is not the checkout.
    if _is_checkout():
        found_after = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (IMPORT_ROOT, found_after)))
    return environment


def _silence() -> logging.Logger:
    """Return a logger that says nothing: what goes wrong is raised, not logged as well."""
    return logging.Logger("kernel", level=logging.CRITICAL + 1)
