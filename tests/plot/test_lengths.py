"""Bars of lengths, side by side."""

from d2l import torch as d2l


def test_bars_count_the_lengths_of_both_lists_and_the_second_is_hatched():
    first, second = [[1, 2], [1], [3]], [[1], [1, 2, 3]]
    d2l.show_list_len_pair_hist(["source", "target"], "tokens", "count", first, second)
    axes = d2l.plt.gcf().axes[0]
    bars = [container.patches for container in axes.containers]
    assert [sum(bar.get_height() for bar in part) for part in bars] == [3, 2]
    assert [bars[0][0].get_height(), bars[1][-1].get_height()] == [2, 1]
    assert {bar.get_hatch() for bar in bars[0]} == {None}
    assert {bar.get_hatch() for bar in bars[1]} == {"/"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("tokens", "count")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["source", "target"]
