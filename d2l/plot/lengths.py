"""How long the sentences of two lists are, as bars side by side."""

from collections.abc import Iterable, Sized
from typing import Any, cast

from d2l.plot.figure import set_figsize


def show_list_len_pair_hist(
    legend: Iterable[str],
    xlabel: str,
    ylabel: str,
    xlist: Iterable[Sized],
    ylist: Iterable[Sized],
) -> None:
    """Draw how many items of `xlist` and of `ylist` have which length; the second are hatched.

    >>> english = [range(length) for length in (3, 3, 4, 5, 7)]
    >>> french = [range(length) for length in (2, 4, 4, 6, 9)]
    >>> d2l.show_list_len_pair_hist(["English", "French"], "tokens", "sentences", english, french)

    Book: 10.5 Machine translation and the dataset
    """
    from matplotlib import pyplot as plt

    set_figsize()
    lengths = [[*map(len, items)] for items in (xlist, ylist)]
    _, _, bars = plt.hist(lengths)
    plt.xlabel(xlabel)
    plt.ylabel(ylabel)
    for bar in cast(Any, bars)[1].patches:
        bar.set_hatch("/")
    plt.legend(list(legend))
