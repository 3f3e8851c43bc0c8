"""One figure that follows growing data, wherever the program runs.

In a notebook it is an output that is replaced in place; in a script it is pyplot's current figure,
drawn only when it is looked at. Knows neither curves nor boards.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from d2l.plot import current_figure, live
from d2l.plot.curve_data import export_requested
from d2l.plot.frontend import notebook_shell

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
            current_figure.make_current(self, self._figure)
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
            current_figure.make_current(self, self._figure)

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
