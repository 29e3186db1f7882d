import pytest

from trainers.common.data import sharding


@pytest.mark.parametrize("examples", [0, 1, 7, 8])
@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_parts_cover_every_example_once_and_are_as_large(examples, count):
    shards = [(index, count) for index in range(count)]
    strided = [sharding.part(range(examples), shard) for shard in shards]
    contiguous = [range(*sharding.bounds(examples, shard)) for shard in shards]
    for parts in (strided, contiguous):
        assert sorted(sum(map(list, parts), [])) == list(range(examples))
        assert list(map(len, parts)) == [
            sharding.size(examples, shard) for shard in shards
        ]


@pytest.mark.parametrize("shard", [(1, 1), (-1, 2), (0, 0)])
def test_an_index_out_of_range_is_an_error(shard):
    with pytest.raises(ValueError, match="0 <= index < count, got"):
        sharding.size(4, shard)
