"""The merges of byte-pair encoding: learned from word counts, or derived from token ranks."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

Pair = tuple[int, int]


BOUNDARY = -1


def learn_merges(
    words: Iterable[tuple[list[int], int]], first_id: int, num_merges: int
) -> dict[Pair, int]:
    """Return up to `num_merges` pairs, each with the id of the merged token, from `first_id` on.

    `words` are token ids with the frequency of the word. A merge changes only the counts of
    adjacent pairs, so its cost is the number of occurrences of the pair, not the text's length.
    """
    index = _PairIndex(words)
    merges: dict[Pair, int] = {}
    while len(merges) < num_merges:
        pair = index.most_frequent()
        if pair is None:
            break
        merges[pair] = first_id + len(merges)
        index.merge(pair, merges[pair])
    return merges


def apply_merges(ids: list[int], merges: Mapping[Pair, int]) -> list[int]:
    """Apply all merges, the one with the smallest resulting id first, from left to right.

    The cost is O(n log n) for n ids.
    """
    ids, end = [*ids], len(ids)
    left, right = [*range(-1, end - 1)], [*range(1, end + 1)]
    waiting = [(merges[pair], i) for i, pair in enumerate(pairwise(ids)) if pair in merges]
    heapq.heapify(waiting)
    while waiting:
        new_id, i = heapq.heappop(waiting)
        second = right[i]
        if second == end or merges.get((ids[i], ids[second])) != new_id:
            continue  # one of the two was merged with its other neighbor
        ids[i], ids[second] = new_id, BOUNDARY
        before, after = left[i], right[second]
        right[i] = after
        if before >= 0 and (ids[before], new_id) in merges:
            heapq.heappush(waiting, (merges[ids[before], new_id], before))
        if after < end:
            left[after] = i
            if (new_id, ids[after]) in merges:
                heapq.heappush(waiting, (merges[new_id, ids[after]], i))
    return [number for number in ids if number != BOUNDARY]


def pairs_of_ranks(ranks: Mapping[bytes, int]) -> dict[Pair, int]:
    """Return the merges of a vocabulary given as token bytes and ranks, in the order of learning.

    A token merges the two parts that remain of its bytes after all earlier merges.
    """
    merges: dict[Pair, int] = {}
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        parts = apply_merges([ranks[token[i : i + 1]] for i in range(len(token))], merges)
        if len(parts) == 2:
            merges[parts[0], parts[1]] = rank
    return merges


class _PairIndex:
    """All words in one linked list; for each pair its count and its positions."""

    def __init__(self, words: Iterable[tuple[list[int], int]]) -> None:
        self._ids, self._weights = [BOUNDARY], [0]
        for ids, count in words:
            self._ids += [*ids, BOUNDARY]
            self._weights += [*[count] * len(ids), 0]
        self._left = [*range(-1, len(self._ids) - 1)]
        self._right = [*range(1, len(self._ids) + 1)]
        self._counts: dict[Pair, int] = defaultdict(int)
        self._positions: dict[Pair, list[int]] = defaultdict(list)
        for position, pair in enumerate(pairwise(self._ids)):
            if BOUNDARY not in pair:
                self._counts[pair] += self._weights[position]
                self._positions[pair].append(position)
        self._heap = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._heap)

    def most_frequent(self) -> Pair | None:
        """Return the most frequent pair that occurs at least twice; outdated counts are skipped."""
        while self._heap:
            count, pair = heapq.heappop(self._heap)
            if -count == self._counts.get(pair) and -count > 1:
                return pair
        return None

    def merge(self, pair: Pair, new_id: int) -> None:
        """Replace each occurrence of `pair` by `new_id`, from left to right."""
        ids, left, right = self._ids, self._left, self._right
        changed: set[Pair] = set()
        for position in sorted(self._positions.pop(pair)):
            second = right[position]
            if ids[position] != pair[0] or ids[second] != pair[1]:
                continue  # it was merged with its other neighbor
            before, after, count = left[position], right[second], self._weights[position]
            self._replace((ids[before], pair[0]), (ids[before], new_id), before, count, changed)
            self._replace((pair[1], ids[after]), (new_id, ids[after]), position, count, changed)
            ids[position], ids[second] = new_id, BOUNDARY
            right[position], left[after] = after, position
        del self._counts[pair]
        changed.discard(pair)
        for found in changed:
            heapq.heappush(self._heap, (-self._counts[found], found))

    def _replace(self, old: Pair, new: Pair, position: int, count: int, changed: set[Pair]) -> None:
        if BOUNDARY in old:
            return
        self._counts[old] -= count
        self._counts[new] += count
        self._positions[new].append(position)
        changed.update((old, new))
