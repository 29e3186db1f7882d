"""A .tflite file that runs: its tensors by name, its decisions, its clock."""

import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tflite import metadata
from tflite.errors import InputError


class Network:
    """A converted network in LiteRT's interpreter.

    Args:
        path: path of a file that `tflite.convert` wrote.
        threads: number of threads, at least 1.
        name: name of the argument, for messages.

    Attributes:
        metadata: the file's `tflite.metadata.Metadata`.

    Raises:
        InputError: the file is not what it should be, see `tflite.metadata.read`.
    """

    def __init__(self, path, *, threads=1, name="--tflite"):
        if int(threads) < 1:
            raise InputError(f"Expected --threads of at least 1, got {threads!r}.")
        self.metadata = metadata.read(path, name)
        # No signature runner: it adds Python work to every call.
        self._interpreter = Interpreter(model_path=str(path), num_threads=int(threads))
        self._interpreter.allocate_tensors()
        runner = self._interpreter.get_signature_runner()
        details = runner.get_input_details() | runner.get_output_details()
        self._indices = {key: entry["index"] for key, entry in details.items()}
        self._dial = self.metadata.dial
        if self._dial is not None:
            self.set_dial(self.metadata[self._dial]["value"])

    def set_dial(self, value):
        """Sets the input τ or u, whichever the file has.

        Args:
            value: number in [0, 1].
        """
        self._interpreter.set_tensor(self._indices[self._dial], np.float32(value))

    def set_image(self, image):
        """Sets the input image.

        Args:
            image: `[height, width, channels]`.
        """
        image = np.asarray(image, "float32")[None]
        self._interpreter.set_tensor(self._indices["images"], image)

    def invoke(self):
        """Runs the network once.

        Returns:
            `(seconds, cpu_seconds)`: what the clock says, and the processor time of
            this process, all threads.
        """
        cpu_start, start = time.process_time(), time.perf_counter()
        self._interpreter.invoke()
        end, cpu_end = time.perf_counter(), time.process_time()
        return end - start, cpu_end - cpu_start

    def predictions(self):
        """Predictions of the last run: float32 `[classes]`."""
        return self._interpreter.get_tensor(self._indices["predictions"])[0]

    def decisions(self):
        """Decisions of the last run: float32 `[n]`; None if the file tells none."""
        if not self.metadata.has_decisions:
            return None
        return self._interpreter.get_tensor(self._indices["decisions"])[0]

    def run(self, images):
        """Runs the network on images, one by one.

        Args:
            images: `[images, height, width, channels]`.

        Returns:
            `(predictions, decisions)`: float32 `[images, classes]`, and `[images, n]`
            or None if the file tells no decisions.
        """
        predictions, decisions = [], []
        for image in images:
            self.set_image(image)
            self.invoke()
            predictions.append(self.predictions())
            decisions.append(self.decisions())
        known = np.stack(decisions) if self.metadata.has_decisions else None
        return np.stack(predictions), known
