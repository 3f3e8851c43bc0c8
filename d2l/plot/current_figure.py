"""Figures that a script finds as pyplot's current figure, whenever it imports pyplot."""

import sys
import threading
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

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
