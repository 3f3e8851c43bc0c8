"""The merges of byte-pair encoding: learned from words and counts, or read from ranks."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

Pair = tuple[int, int]


BOUNDARY = -1


def learn_merges(
    words: Iterable[tuple[list[int], int]], first_id: int, num_merges: int
) -> dict[Pair, int]:
    """Up to `num_merges` pairs, each with the number of what it becomes, from `first_id` on.

    `words` are numbers of tokens and how often the word comes. Counts change only next to what is
    merged, so that a merge costs as much as the pair has places, whatever the length of the text.
    """
    places = _Places(words)
    merges: dict[Pair, int] = {}
    while len(merges) < num_merges:
        pair = places.most_frequent()
        if pair is None:
            break
        merges[pair] = first_id + len(merges)
        places.merge(pair, merges[pair])
    return merges


def apply_merges(ids: list[int], merges: Mapping[Pair, int]) -> list[int]:
    """The numbers after all merges, the one with the smallest result first, from left to right.

    Costs n log n for n numbers.
    """
    ids, end = [*ids], len(ids)
    left, right = [*range(-1, end - 1)], [*range(1, end + 1)]
    waiting = [(merges[pair], i) for i, pair in enumerate(pairwise(ids)) if pair in merges]
    heapq.heapify(waiting)
    while waiting:
        new_id, i = heapq.heappop(waiting)
        second = right[i]
        if second == end or merges.get((ids[i], ids[second])) != new_id:
            continue  # one of the two was merged with another neighbour
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
    """The merges of a vocabulary that has only the bytes of its tokens, in the order of learning.

    A token is made of the two parts that are left of its bytes when all earlier merges are done.
    """
    merges: dict[Pair, int] = {}
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        parts = apply_merges([ranks[token[i : i + 1]] for i in range(len(token))], merges)
        if len(parts) == 2:
            merges[parts[0], parts[1]] = rank
    return merges


class _Places:
    """All words in one row, linked to their neighbours; for each pair its count and its places."""

    def __init__(self, words: Iterable[tuple[list[int], int]]) -> None:
        self._ids, self._weights = [BOUNDARY], [0]
        for ids, count in words:
            self._ids += [*ids, BOUNDARY]
            self._weights += [*[count] * len(ids), 0]
        self._left = [*range(-1, len(self._ids) - 1)]
        self._right = [*range(1, len(self._ids) + 1)]
        self._counts: dict[Pair, int] = defaultdict(int)
        self._where: dict[Pair, list[int]] = defaultdict(list)
        for place, pair in enumerate(pairwise(self._ids)):
            if BOUNDARY not in pair:
                self._counts[pair] += self._weights[place]
                self._where[pair].append(place)
        self._heap = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._heap)

    def most_frequent(self) -> Pair | None:
        """The pair that comes most often, at least twice; counts that have changed are passed."""
        while self._heap:
            count, pair = heapq.heappop(self._heap)
            if -count == self._counts.get(pair) and -count > 1:
                return pair
        return None

    def merge(self, pair: Pair, new_id: int) -> None:
        """Put `new_id` in place of each `pair`, from left to right."""
        ids, left, right = self._ids, self._left, self._right
        changed: set[Pair] = set()
        for place in sorted(self._where.pop(pair)):
            second = right[place]
            if ids[place] != pair[0] or ids[second] != pair[1]:
                continue  # it was merged with another neighbour
            before, after, count = left[place], right[second], self._weights[place]
            self._replace((ids[before], pair[0]), (ids[before], new_id), before, count, changed)
            self._replace((pair[1], ids[after]), (new_id, ids[after]), place, count, changed)
            ids[place], ids[second] = new_id, BOUNDARY
            right[place], left[after] = after, place
        del self._counts[pair]
        changed.discard(pair)
        for found in changed:
            heapq.heappush(self._heap, (-self._counts[found], found))

    def _replace(self, old: Pair, new: Pair, place: int, count: int, changed: set[Pair]) -> None:
        if BOUNDARY in old:
            return
        self._counts[old] -= count
        self._counts[new] += count
        self._where[new].append(place)
        changed.update((old, new))
