"""The state of a board or an animator: its curves, and the figure that follows them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from d2l.plot.curves import Curves
from d2l.plot.live_figure import LiveFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class DrawingState:
    """Everything of ours about a board or an animator, in the one attribute `_d2l` of an object.

    Copies and pickles keep the curves, not the figure or its cell.
    """

    curves: Curves = field(default_factory=Curves)
    assigned: dict[str, Any] = field(default_factory=dict)  # by a reader, to attributes of 1.0.3
    follows: bool = True  # whether the next point is to be told to `live`
    live: LiveFigure | None = None
    fig: "Figure | None" = None
    axes: Any = None  # one, of an animator a list
    lines: dict[str, Any] = field(default_factory=dict)
    drawn: Any = None  # what the lines show: how often the curves were cleared, and the style
    looks: Any = None  # of an animator: its arguments

    def __getstate__(self) -> dict[str, Any]:
        return {"curves": self.curves, "assigned": self.assigned, "looks": self.looks}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def state_of(owner: object) -> DrawingState:
    """The state of this object; made here, since a reader's `__init__` may not call ours."""
    state = owner.__dict__.get("_d2l")
    if state is None:
        state = owner.__dict__["_d2l"] = DrawingState()
    return cast(DrawingState, state)
