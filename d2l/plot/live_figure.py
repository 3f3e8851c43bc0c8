"""A figure of growing data, in notebooks and scripts.

In a notebook it is an output that is replaced in place; in a script it is pyplot's current figure,
drawn only when it is shown or saved. Independent of curves and boards.
"""

import sys
import threading
import time
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from d2l.plot import live
from d2l.plot.curve_data import export_requested
from d2l.plot.frontend import notebook_shell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PYPLOT = "matplotlib.pyplot"
MAX_OPEN = 10  # open figures of the library; pyplot warns at more than 20 figures

_open: list["Figure"] = []
_pending: dict[int, Callable[[], "Figure"]] = {}  # until pyplot is imported


def make_current(owner: object, figure: Callable[[], "Figure"]) -> None:
    """Make `figure()` pyplot's current figure: now, or when the program first imports pyplot.

    Importing pyplot here would cost each batch job that shows no figure 0.9 s (on a CPU of
    2.5 GHz). Only the last figure of an `owner` is pending.
    """
    if PYPLOT in sys.modules:
        _make_current(sys.modules[PYPLOT], figure)
        return
    if not _pending:
        sys.meta_path.insert(0, _PyplotFinder())
    _pending.pop(id(owner), None)
    _pending[id(owner)] = figure
    if len(_pending) > MAX_OPEN:
        del _pending[next(iter(_pending))]


def _make_current(pyplot: Any, make: Callable[[], "Figure"]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # GUI windows must be created in the main thread
    try:
        figure = make()
        if figure in _open and pyplot.fignum_exists(figure.number):
            pyplot.figure(figure.number)
            return
        _adopt(pyplot, figure)
    except Exception as error:  # e.g. no display, which must not end a run
        warnings.warn(f"pyplot cannot show the progress figure: {error}", stacklevel=2)
        return
    _open[:] = [*(other for other in _open if other is not figure), figure]
    while len(_open) > MAX_OPEN:
        pyplot.close(_open.pop(0))


def _adopt(pyplot: Any, figure: "Figure") -> None:
    """Do the same as `pyplot.figure(figure)`, which raises before matplotlib 3.11."""
    from matplotlib._pylab_helpers import Gcf

    number = max(pyplot.get_fignums(), default=0) + 1
    manager = pyplot._get_backend_mod().new_figure_manager_given_figure(number, figure)
    Gcf._set_new_active_manager(manager)


class _PyplotFinder:
    """An import hook for pyplot's first import, which registers the pending figures."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != PYPLOT:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_show(module: ModuleType) -> None:
                execute(module)
                figures = [*_pending.values()]
                _pending.clear()
                for figure in figures:
                    _make_current(module, figure)

            spec.loader.exec_module = execute_and_show  # type: ignore[method-assign]
        return spec


Place = Literal["cell", "given axes", "pyplot"]


class LiveFigure:
    """Draws and shows one figure: `figure` creates it, `redraw` updates it.

    `redraw` is called only if `version()` changed since the last time. `finish` is called after
    each notebook cell in which points were added.
    """

    def __init__(
        self,
        figure: Callable[[], "Figure"],
        redraw: Callable[[], None],
        version: Callable[[], Any],
        finish: Callable[[], None],
    ) -> None:
        self._figure, self._redraw, self._version = figure, redraw, version
        self._finish = finish
        self._drawn: Any = None
        self._shown: Any = None  # the version that was shown as the final one
        self._limiter = live.RateLimiter()
        self._is_watching_cell = False
        self.place: Place | None = None  # None: not determined yet
        self.is_given = False  # a figure of the user: drawn into at once, and shown by the user

    def refresh(self) -> None:
        """Redraw the figure if the data or the style changed since the last time."""
        version = self._version()
        if version != self._drawn:
            self._drawn = version  # before the redraw, which may access the figure again
            self._redraw()

    def render(self) -> "Figure":
        """Return the figure, up to date."""
        self.refresh()
        return self._figure()

    def begin(self) -> Place:
        """Determine where the figure is shown, until `finish`; called at the first point."""
        shell = notebook_shell()
        if shell is not None:
            self.place = "cell"
            if not self._is_watching_cell:
                self._finish_after_cell(shell)
        elif self.is_given:
            self.place = "given axes"
        else:
            self.place = "pyplot"
            make_current(self, self._figure)
        return self.place

    def update(self) -> None:
        """Show the new data if a picture is due; for notebooks."""
        if self._limiter.is_due():
            self._show(is_final=False)

    def finish(self) -> None:
        """Show the last state unless it is shown already; in a script, make the figure current."""
        self.place = None
        if notebook_shell() is not None:
            if self._version() != self._shown:
                self._show(is_final=True)
        elif self.is_given:
            self.refresh()
        else:
            make_current(self, self._figure)

    def _show(self, is_final: bool) -> None:
        live.load()
        started = time.monotonic()
        figure = self.render()
        live.show_in_cell(figure, is_final, with_curves=is_final and export_requested())
        if is_final:
            self._shown = self._version()
        self._limiter.record(time.monotonic() - started)

    def _finish_after_cell(self, shell: Any) -> None:
        """Register a callback that shows the last state after this cell."""

        def finish(*_: Any) -> None:
            shell.events.unregister("post_execute", finish)
            self._is_watching_cell = False
            self._finish()

        shell.events.register("post_execute", finish)
        self._is_watching_cell = True
