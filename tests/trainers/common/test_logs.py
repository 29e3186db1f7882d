import csv

import tensorflow as tf

from trainers.common.logs import HistoryLog
from trainers.common.workdir import Workdir

ROWS = [{"epoch": epoch, "loss": 1 / epoch, "rate/a": 0.5} for epoch in (1, 2, 3)]


def read_events(workdir):
    events = []
    for path in sorted(workdir.tensorboard.iterdir()):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                number = tf.make_ndarray(value.tensor).item()
                events.append((event.step, value.tag, plugin, round(number, 4)))
    return events


def expected_events(rows):
    return [
        (row["epoch"], name, "scalars", round(row[name], 4))
        for row in rows
        for name in ("loss", "rate/a")
    ]


def read_csv(workdir):
    with open(workdir.metrics, encoding="utf-8", newline="") as file:
        return [
            {key: float(value) for key, value in row.items()}
            for row in csv.DictReader(file)
        ]


def test_writes_a_row_for_each_epoch(tmp_path):
    workdir = Workdir(tmp_path)
    log = HistoryLog(workdir, [])
    for row in ROWS:
        log.add(row)
    log.close()
    assert read_csv(workdir) == ROWS
    assert read_events(workdir) == expected_events(ROWS)


def test_after_an_interruption_no_epoch_is_missing_or_there_twice(tmp_path):
    workdir = Workdir(tmp_path)
    killed = HistoryLog(workdir, [])
    killed.add(ROWS[0])
    killed.add({"epoch": 2, "loss": 99.0, "rate/a": 0.1})  # after its checkpoint
    resumed = HistoryLog(workdir, ROWS[:1])
    assert read_csv(workdir) == ROWS[:1]
    resumed.add(ROWS[1])
    resumed.close()
    killed.close()
    assert read_csv(workdir) == ROWS[:2]
    assert read_events(workdir) == expected_events(ROWS[:2])
