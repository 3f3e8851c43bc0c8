"""Pairs rows with columns so that the sum of their scores is as large as it can be.

The Hungarian method by shortest augmenting paths; knows nothing of what the scores mean.
"""

import numpy as np


def assign(scores: np.ndarray) -> list[tuple[int, int]]:
    """Return the best pairs of a row and a column, each used at most once, sorted by row.

    As many pairs as the shorter side is long. 500 by 500 takes about a second at worst.

    >>> assign(np.array([[3.0, 2.0], [2.9, 0.0]]))
    [(0, 1), (1, 0)]
    """
    num_rows, num_columns = scores.shape
    if num_rows > num_columns:
        return sorted((row, column) for column, row in assign(scores.T))
    matching = _Matching(-scores.astype(np.float64))
    for row in range(num_rows):
        matching.add(row)
    return [(row, int(column)) for row, column in enumerate(matching.column_of)]


class _Matching:
    """Rows matched so far at the least cost, and the prices that prove it."""

    def __init__(self, costs: np.ndarray) -> None:
        self.costs = costs
        self.row_prices = np.zeros(costs.shape[0])
        self.column_prices = np.zeros(costs.shape[1])
        self.column_of = np.full(costs.shape[0], -1)
        self.row_of = np.full(costs.shape[1], -1)

    def add(self, row: int) -> None:
        """Match one more row, moving others to other columns where that costs the least."""
        reached = np.full(self.row_of.shape, np.inf)  # the cheapest way to each column so far
        came_from = np.full(self.row_of.shape, -1)
        is_open = np.ones(self.row_of.shape, dtype=bool)
        tree_rows = [row]
        cost, at = 0.0, row
        while True:
            through = cost + self.costs[at] - self.row_prices[at] - self.column_prices
            nearer = is_open & (through < reached)
            reached[nearer], came_from[nearer] = through[nearer], at
            column = self._nearest(np.where(is_open, reached, np.inf))
            cost = reached[column]
            is_open[column] = False
            if self.row_of[column] < 0:
                break
            at = int(self.row_of[column])
            tree_rows.append(at)
        self._price(row, tree_rows, ~is_open, reached, cost)
        self._switch(row, column, came_from)

    def _nearest(self, reached: np.ndarray) -> int:
        # Of equally near columns one that is free ends the search: equals cost no time.
        nearest = reached == reached.min()
        free = nearest & (self.row_of < 0)
        return int(np.argmax(free if free.any() else nearest))

    def _price(
        self, row: int, rows: list[int], closed: np.ndarray, reached: np.ndarray, cost: float
    ) -> None:
        others = [other for other in rows if other != row]
        self.row_prices[row] += cost
        self.row_prices[others] += cost - reached[self.column_of[others]]
        self.column_prices[closed] -= cost - reached[closed]

    def _switch(self, row: int, column: int, came_from: np.ndarray) -> None:
        while True:
            at = int(came_from[column])
            self.row_of[column] = at
            self.column_of[at], column = column, int(self.column_of[at])
            if at == row:
                return
