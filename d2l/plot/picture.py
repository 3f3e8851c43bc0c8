"""The live picture of one figure in a notebook: when it is shown, and that its last state is.

Knows neither curves nor points; outside a notebook it does nothing.
"""

import time
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from d2l.plot import live, points
from d2l.plot.surface import notebook_shell

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@runtime_checkable
class Drawing(Protocol):
    """What can be shown: a figure on demand, unless its owner wants quiet."""

    display: bool

    def render(self) -> "Figure":
        """The figure, brought up to date."""
        ...

    def finish(self) -> None:
        """Show the last state."""
        ...


class LivePicture:
    """Shows a drawing as it grows: at the pace that `live.Pacer` sets, and after its cell."""

    def __init__(self) -> None:
        self._pacer = live.Pacer()
        self._is_stale = False
        self._is_watching_cell = False

    def update(self, drawing: Drawing) -> None:
        """The drawing has changed: show it if a picture is due."""
        self._is_stale = True
        shell = notebook_shell()
        if shell is None:
            return
        if not self._is_watching_cell:
            self._finish_after_cell(shell, drawing)
        if self._pacer.is_due():
            self._show(drawing)

    def finish(self, drawing: Drawing) -> None:
        """Show the last state if the picture is older."""
        if self._is_stale and drawing.display and notebook_shell() is not None:
            self._show(drawing, with_points=points.are_wanted())

    def _show(self, drawing: Drawing, with_points: bool = False) -> None:
        live.load()
        begun = time.monotonic()
        live.show_in_cell(drawing.render(), with_points)
        self._is_stale = points.are_wanted() and not with_points  # the last one has points
        self._pacer.took(time.monotonic() - begun)

    def _finish_after_cell(self, shell: Any, drawing: Drawing) -> None:
        """Have IPython finish the drawing once this cell has run, whoever else keeps it."""

        def finish(*_: Any) -> None:
            shell.events.unregister("post_execute", finish)
            self._is_watching_cell = False
            drawing.finish()

        shell.events.register("post_execute", finish)
        self._is_watching_cell = True
