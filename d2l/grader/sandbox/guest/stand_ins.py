"""In the kernel: stand-ins for Colab, a screen and a keyboard, which a sandbox does not have.

Each stand-in does nothing and prints a note once to stderr, so that the rest of the notebook runs.
Nothing heavy is imported: Matplotlib is changed when the notebook imports it.
"""

import ast
import codecs
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import linecache
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from IPython import get_ipython

from d2l.grader.sandbox.guest.reseed import after_import

INLINE = "module://matplotlib_inline.backend_inline"
_NO_WINDOW = frozenset({"agg", "cairo", "inline", "pdf", "pgf", "ps", "svg", "template"})
_COLAB = "google.colab"
_CONTENT = Path("/content")  # Colab's working folder
POLL_SECONDS = 0.1  # interval at which the end of a program is checked
_printed: set[str] = set()


def install() -> None:
    """Install all stand-ins. Called once, before the first cell."""
    shell = get_ipython()
    _close_keyboard(shell)
    _draw_inline(shell)
    sys.meta_path.append(_ColabFinder())  # last, so that an installed google.colab is used


def _print_once(text: str) -> None:
    if text not in _printed:
        _printed.add(text)
        print(f"d2l: {text}", file=sys.stderr)


# Keyboard


def _close_keyboard(shell: Any) -> None:
    """Give programs an empty stdin, and make `input()` raise."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    shell.system = _system_of(shell)

    def refuse(*_: object, **__: object) -> str:
        raise EOFError(
            "input() is not available in this run, which is not interactive. "
            "Assign the value in the cell instead."
        )

    shell.kernel.raw_input = shell.kernel.getpass = refuse


def _system_of(shell: Any) -> Callable[[str], None]:
    """Return IPython's `!command` for programs that cannot read from a terminal."""

    def system(command: str) -> None:
        if command.rstrip().endswith("&"):
            raise OSError("Background processes are not supported. Start them with subprocess.")
        command = shell.var_expand(command, depth=1)
        exit_code = _run(command)
        shell.user_ns["_exit_code"] = exit_code
        if exit_code and getattr(shell, "system_raise_on_error", False):
            raise subprocess.CalledProcessError(exit_code, command)

    return system


def _run(command: str) -> int:
    """Run a shell command, print its output, and return its exit status."""
    # Programs write to a terminal as in Jupyter, but cannot read from it.
    reader, writer = os.openpty()
    process = subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
        start_new_session=True,
    )
    os.close(writer)
    try:
        for text in _written(reader, process):
            sys.stdout.write(text)
            sys.stdout.flush()
        return process.wait()
    except BaseException:  # the cell was interrupted
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        os.close(reader)


def _written(reader: int, process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Yield the output of a program until it ends, without waiting for its children."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        if select.select([reader], [], [], POLL_SECONDS)[0]:
            try:
                data = os.read(reader, 65536)
            except OSError:  # the end of a terminal on Linux
                return
            if not data:
                return
            yield decoder.decode(data)
        elif process.poll() is not None:
            return


# Screen


def _draw_inline(shell: Any) -> None:
    """Replace every Matplotlib backend that needs a window by the inline backend."""
    enable = shell.enable_matplotlib
    enable_gui = shell.enable_gui

    def enable_matplotlib(gui: str | None = None) -> Any:
        return enable("inline" if _without_screen(gui or "auto") == INLINE else gui)

    def enable_no_gui(gui: str | None = None) -> None:
        if gui not in (None, "inline"):
            _print_once(f"no screen is available: %gui {gui} does nothing")
        enable_gui(None)

    shell.enable_matplotlib, shell.enable_gui = enable_matplotlib, enable_no_gui
    after_import("matplotlib", _change_matplotlib)
    after_import("matplotlib.pyplot", _change_pyplot)


def _without_screen(backend: Any) -> Any:
    """Return the inline backend instead of a backend that opens windows."""
    name = str(backend).lower()
    is_own = name.startswith("module://") and "ipympl" not in name
    if name in _NO_WINDOW or is_own or not isinstance(backend, str):
        return backend
    if name != "auto":
        _print_once(
            f"no screen is available: figures of the backend {backend} appear below their cells"
        )
    return INLINE


def _change_matplotlib(module: Any) -> None:
    use = module.use
    module.use = lambda backend, *, force=True: use(_without_screen(backend), force=force)
    chosen = dict.__getitem__(module.rcParams, "backend")  # may come from MPLBACKEND
    module.rcParams["backend"] = _without_screen(chosen)


def _change_pyplot(module: Any) -> None:
    switch_backend = module.switch_backend

    def switch(newbackend: Any) -> None:
        backend = _without_screen(newbackend)
        if backend == INLINE:  # reads this setting when it is imported
            sys.modules["matplotlib"].rcParams["backend"] = INLINE
        switch_backend(backend)

    module.switch_backend = switch


# Colab


class _ColabFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Provides google.colab and its submodules if they are not installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in ("google", _COLAB) and not fullname.startswith(f"{_COLAB}."):
            return None
        if _is_probe(sys._getframe(1)):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        fill = _CONTENTS.get(module.__name__.removeprefix(f"{_COLAB}."))
        if fill is not None:
            fill(module)
        if module.__name__ == _COLAB:
            module.__dict__["__getattr__"] = _part_of_colab
        elif module.__name__ != "google":
            module.__dict__["__getattr__"] = lambda name: _nothing(module.__name__, name)


def _is_probe(frame: FrameType | None) -> bool:
    """Whether the notebook only tests for Colab: in a `try`, or with `find_spec`."""
    while frame is not None and "importlib" in frame.f_code.co_filename:
        if frame.f_globals.get("__name__") == "importlib.util":
            return True
        frame = frame.f_back
    if frame is None:
        return False
    try:
        tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    tries = (node for node in ast.walk(tree) if isinstance(node, ast.Try) and node.handlers)
    bodies = ((node.body[0].lineno, node.body[-1].end_lineno or 0) for node in tries)
    return any(first <= frame.f_lineno <= last for first, last in bodies)


def _part_of_colab(name: str) -> ModuleType:
    if name.startswith("_"):
        raise AttributeError(name)
    return importlib.import_module(f"{_COLAB}.{name}")


def _nothing(module: str, name: str) -> Any:
    """Return a function of Colab that does nothing, also as a context manager."""
    if name.startswith("__"):
        raise AttributeError(name)

    def do_nothing(*_: object, **__: object) -> contextlib.AbstractContextManager[None]:
        _print_once(f"this is not Colab: {module}.{name} does nothing")
        return contextlib.nullcontext()

    return do_nothing


def _drive(module: Any) -> None:
    def mount(mountpoint: str, *_: object, **__: object) -> None:
        _print_once(
            "Google Drive is not available: nothing is mounted; "
            "files are read from the folder of the notebook"
        )
        if _CONTENT.is_dir():  # provided by the sandbox
            with contextlib.suppress(OSError):
                Path(mountpoint).mkdir(parents=True, exist_ok=True)
                Path(mountpoint, "MyDrive").symlink_to(Path.cwd(), target_is_directory=True)

    module.mount = mount


def _files(module: Any) -> None:
    def upload(*_: object, **__: object) -> dict[str, bytes]:
        _print_once("uploads are not available: files are read from the folder of the notebook")
        return _Uploaded()

    module.upload = module.upload_file = upload


class _Uploaded(dict[str, bytes]):
    """An empty dict; a file requested by its name is read from the folder of the notebook."""

    def __missing__(self, name: str) -> bytes:
        try:
            return Path(name).read_bytes()
        except OSError as error:
            raise KeyError(f"{name} was not uploaded and is not next to the notebook") from error


def _userdata(module: Any) -> None:
    class SecretNotFoundError(Exception):
        """Colab's error for a missing secret."""

    def get(key: str) -> str:
        raise SecretNotFoundError(
            f"Colab secrets are not available in this run, so {key!r} has no value."
        )

    module.SecretNotFoundError = module.NotebookAccessError = SecretNotFoundError
    module.get = get


def _patches(module: Any) -> None:
    def cv2_imshow(image: Any) -> None:
        from IPython.display import display
        from PIL import Image

        display(Image.fromarray(image if image.ndim == 2 else image[..., 2::-1]))

    module.cv2_imshow = cv2_imshow


def _data_table(module: Any) -> None:
    module.DataTable = lambda dataframe, *_, **__: dataframe


_CONTENTS: dict[str, Callable[[Any], None]] = {
    "drive": _drive,
    "files": _files,
    "userdata": _userdata,
    "patches": _patches,
    "data_table": _data_table,
}
