"""The state of a board or an animator: its curves, and the figure that shows them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from d2l.plot.curves import Curves
from d2l.plot.live_figure import LiveFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class DrawingState:
    """The library's state of a board or an animator, stored in its attribute `_d2l`.

    Copies and pickles contain the curves, but not the figure or its cell.
    """

    curves: Curves = field(default_factory=Curves)
    assigned: dict[str, Any] = field(default_factory=dict)  # user-assigned attributes of 1.0.3
    follows: bool = True  # whether the next point updates `live`
    live: LiveFigure | None = None
    fig: "Figure | None" = None
    axes: Any = None  # axes of a board, a list of axes of an animator
    lines: dict[str, Any] = field(default_factory=dict)
    drawn: Any = None  # the drawn version: number of clears, and the style
    looks: Any = None  # the arguments of an animator

    def __getstate__(self) -> dict[str, Any]:
        return {"curves": self.curves, "assigned": self.assigned, "looks": self.looks}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def state_of(owner: object) -> DrawingState:
    """Return the state of an object; created here, since `__init__` may be overridden."""
    state = owner.__dict__.get("_d2l")
    if state is None:
        state = owner.__dict__["_d2l"] = DrawingState()
    return cast(DrawingState, state)
