"""One figure that follows growing data, wherever the program runs.

In a notebook it is an output that is replaced in place; in a script it is pyplot's current figure,
drawn only when it is looked at. Knows neither curves nor boards.
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
MAX_OPEN = 10  # of ours; pyplot warns when more than 20 figures are open

_open: list["Figure"] = []
_waiting: dict[int, Callable[[], "Figure"]] = {}


def make_current(owner: object, figure: Callable[[], "Figure"]) -> None:
    """Make `figure()` pyplot's current figure: now, or when the program first imports pyplot.

    Importing pyplot here instead would cost each batch job, which looks at no figure, 0.9 s (on a
    CPU of 2.5 GHz); what waits costs nothing. Only the last figure of an `owner` waits.
    """
    if PYPLOT in sys.modules:
        _make_current(sys.modules[PYPLOT], figure)
        return
    if not _waiting:
        sys.meta_path.insert(0, _PyplotFinder())
    _waiting.pop(id(owner), None)
    _waiting[id(owner)] = figure
    if len(_waiting) > MAX_OPEN:
        del _waiting[next(iter(_waiting))]


def _make_current(pyplot: Any, make: Callable[[], "Figure"]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # windows belong to the main thread
    try:
        figure = make()
        if figure in _open and pyplot.fignum_exists(figure.number):
            pyplot.figure(figure.number)
            return
        _adopt(pyplot, figure)
    except Exception as error:  # no display, say: a run is not lost for that
        warnings.warn(f"pyplot does not show the progress figure: {error}", stacklevel=2)
        return
    _open[:] = [*(other for other in _open if other is not figure), figure]
    while len(_open) > MAX_OPEN:
        pyplot.close(_open.pop(0))


def _adopt(pyplot: Any, figure: "Figure") -> None:
    """What `pyplot.figure(figure)` does, which matplotlib before 3.11 refuses."""
    from matplotlib._pylab_helpers import Gcf

    number = max(pyplot.get_fignums(), default=0) + 1
    manager = pyplot._get_backend_mod().new_figure_manager_given_figure(number, figure)
    Gcf._set_new_active_manager(manager)


class _PyplotFinder:
    """Sees pyplot's first import, once, and makes the figures that wait for it known to it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != PYPLOT:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_show(module: ModuleType) -> None:
                execute(module)
                figures = [*_waiting.values()]
                _waiting.clear()
                for figure in figures:
                    _make_current(module, figure)

            spec.loader.exec_module = execute_and_show  # type: ignore[method-assign]
        return spec


Place = Literal["cell", "given axes", "pyplot"]


class LiveFigure:
    """Draws and shows one figure: `figure` makes it, `redraw` brings it up to date.

    `version` is compared with its value at the last `redraw`: the same, nothing to do. `finish` is
    called after each notebook cell in which the data grew.
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
        self.place: Place | None = None  # None: to be found out
        self.is_given = False  # a reader's figure: drawn into at once, and shown by its owner

    def refresh(self) -> None:
        """Bring the figure up to date if the data or the style changed since it was drawn."""
        version = self._version()
        if version != self._drawn:
            self._drawn = version  # first: what draws it may look at the figure
            self._redraw()

    def render(self) -> "Figure":
        """The figure, up to date."""
        self.refresh()
        return self._figure()

    def begin(self) -> Place:
        """The data begin to grow: find out where they are seen, until `finish`."""
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
        """In a notebook: the data have grown; show them if a picture is due."""
        if self._limiter.is_due():
            self._show(is_final=False)

    def finish(self) -> None:
        """Show the last state, if it was not yet shown; in a script, make the figure current."""
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
        begun = time.monotonic()
        figure = self.render()
        live.show_in_cell(figure, is_final, with_curves=is_final and export_requested())
        if is_final:
            self._shown = self._version()
        self._limiter.record(time.monotonic() - begun)

    def _finish_after_cell(self, shell: Any) -> None:
        """Have IPython show the last state once this cell has run, whoever else keeps it."""

        def finish(*_: Any) -> None:
            shell.events.unregister("post_execute", finish)
            self._is_watching_cell = False
            self._finish()

        shell.events.register("post_execute", finish)
        self._is_watching_cell = True
