"""One line of progress in a terminal, rewritten in place. Loads rich with its first use."""

from typing import Any


class TerminalLine:
    """A bar with text on both sides that is gone once it is closed."""

    def __init__(self, total: float) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        # no refreshing thread: the run itself says when
        self._progress = Progress(
            TextColumn("{task.fields[left]}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[right]}"),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("", total=total, left="", right="")
        self._progress.start()

    def show(self, done: float, **texts: Any) -> None:
        """Rewrite the line: how much of the total is done, and the texts `left` and `right`."""
        self._progress.update(self._task, completed=done, refresh=True, **texts)

    def close(self) -> None:
        """Wipe the line."""
        self._progress.stop()
