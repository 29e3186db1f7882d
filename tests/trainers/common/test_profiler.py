import pytest
import tensorflow as tf

from trainers.common.profiler import Profiler


def train(profiler, steps):
    for batch in range(steps):
        profiler.on_train_batch_begin(batch)
        loss = tf.reduce_sum(tf.ones((4, 4)))
        profiler.on_train_batch_end(batch, {"loss": loss})


def traces(directory):
    return list(directory.glob("plugins/profile/*/*.xplane.pb"))


@pytest.mark.parametrize("first, last", [(1, 1), (2, 3), (3, 9)])
def test_writes_a_trace_also_where_training_ends_before(tmp_path, first, last):
    profiler = Profiler(first, last, tmp_path)
    train(profiler, 4)
    assert len(traces(tmp_path)) == (last <= 4)
    profiler.close()
    [trace] = traces(tmp_path)
    written = trace.read_bytes()
    assert b"train" in written and b"step_num" in written  # the steps are marked
    tf.profiler.experimental.start(str(tmp_path))  # nobody else is tracing
    tf.profiler.experimental.stop(save=False)


def test_says_so_where_training_ends_before_the_first(tmp_path, capsys):
    profiler = Profiler(5, 6, tmp_path)
    train(profiler, 4)
    profiler.close()
    assert traces(tmp_path) == []
    assert "--profile_steps=5,6: nothing was traced" in capsys.readouterr().out


def test_an_error_in_a_step_ends_the_trace(tmp_path):
    profiler = Profiler(1, 5, tmp_path)
    profiler.on_train_batch_begin(0)
    profiler.close()
    assert len(traces(tmp_path)) == 1
