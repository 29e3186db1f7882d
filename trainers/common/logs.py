"""metrics.csv and TensorBoard events: the history of a run, a row for each epoch.

Both are views of the history in the checkpoint. After an interruption they are written
anew from it, so no epoch is missing or there twice.
"""

import csv
import io

import tensorflow as tf

from trainers.common import files


class HistoryLog:
    """Writes the history of a run.

    Args:
        workdir: `trainers.common.workdir.Workdir`.
        history: rows of the epochs finished so far.
    """

    def __init__(self, workdir, history):
        self._metrics = workdir.metrics
        self._history = []
        # Not the profiles of earlier starts, which are in folders.
        for events in workdir.tensorboard.glob("events.*"):
            events.unlink()
        self._writer = tf.summary.create_file_writer(str(workdir.tensorboard))
        for row in history:
            self._write_events(row)
        self._history = list(history)
        if history:
            self._write_csv()

    def add(self, row):
        """Adds an epoch.

        Args:
            row: metric name -> number; `epoch` counts from 1.
        """
        self._history.append(row)
        self._write_events(row)
        self._write_csv()

    def close(self):
        """Closes the files."""
        self._writer.close()

    def _write_events(self, row):
        with self._writer.as_default(step=row["epoch"]):
            for name, value in row.items():
                if name != "epoch":
                    _write_scalar(name, value)
        self._writer.flush()

    def _write_csv(self):
        text = io.StringIO()
        table = csv.DictWriter(text, list(self._history[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(self._history)
        files.write(self._metrics, text.getvalue())


def _write_scalar(name, value):
    """What `tf.summary.scalar` writes, without needing TensorBoard to be installed."""
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data={"plugin_name": "scalars"},
        data_class="DATA_CLASS_SCALAR",
    )
    tf.summary.write(name, tf.constant(value, tf.float32), metadata=metadata)
