"""Any batch and any number of processes: the shards are the batch, in order, and nearly equal."""

from hypothesis import given
from hypothesis import strategies as st

from d2l.scale.process_group import ProcessGroup
from d2l.scale.sharding import shard_bounds


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_shards_cover_a_batch_once_and_differ_by_one_at_most(num_examples, size):
    bounds = [
        shard_bounds(num_examples, ProcessGroup(rank=rank, size=size)) for rank in range(size)
    ]
    assert [start for start, _ in bounds] == [0, *(stop for _, stop in bounds[:-1])]
    assert bounds[-1][1] == num_examples
    sizes = {stop - start for start, stop in bounds}
    assert max(sizes) - min(sizes) <= 1
