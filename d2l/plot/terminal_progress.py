"""One line of progress in a terminal, rewritten in place. Loads rich with its first use."""

WIDEST_BAR, NARROWEST_BAR = 24, 4
TEXT_WIDTH = 76  # what epoch, speed and the three numbers of a classifier take


class TerminalLine:
    """A bar with text behind it that is gone once it is closed.

    Where the terminal is too narrow, the text is cut at its end: the line is never two.
    """

    def __init__(self, total: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console()
        # one width for all of the run, so that the text behind the bar stays where it is
        width = max(NARROWEST_BAR, min(WIDEST_BAR, console.width - TEXT_WIDTH))
        self._progress = Progress(
            BarColumn(bar_width=width),
            TextColumn("{task.fields[text]}", markup=False),
            console=console,
            auto_refresh=False,  # no thread: the run itself says when
            transient=True,
        )
        self._task = self._progress.add_task("", total=total, text="")

    def show(self, done: float, text: str) -> None:
        """Rewrite the line: how much of the total is done, and the text behind the bar."""
        self._progress.update(self._task, completed=done, text=text)
        self._progress.start()
        self._progress.refresh()

    def close(self) -> None:
        """Wipe the line."""
        self._progress.stop()
