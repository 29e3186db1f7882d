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
        batch: number of images of one call; files are made for one, and resized.
        signature: one of the file's signatures, which the metadata lists; None for its
            main one. Another one than that costs each run some Python work more, and
            cannot be resized.

    Attributes:
        metadata: the file's `tflite.metadata.Metadata`.

    Raises:
        InputError: the file is not what it should be, see `tflite.metadata.read`, has
            no such signature, or cannot be resized.
    """

    def __init__(self, path, *, threads=1, name="--tflite", batch=1, signature=None):
        if int(threads) < 1:
            raise InputError(f"Expected --threads of at least 1, got {threads!r}.")
        self.metadata = metadata.read(path, name)
        signatures = self.metadata.signatures
        if signature not in (None, *signatures):
            raise InputError(
                f"Expected a signature among {', '.join(signatures)} of {name}={path}, "
                f"got {signature!r}."
            )
        self._interpreter = Interpreter(model_path=str(path), num_threads=int(threads))
        self._interpreter.allocate_tensors()
        self._indices = self._signature(signatures[0])
        self._other = None
        if signature not in (None, signatures[0]):
            self._other = _Other(self._interpreter.get_signature_runner(signature))
        if batch > 1:
            self._resize(batch, f"{name}={path}")
        self._dial = self.metadata.dial if self._other is None else None
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
        self.set_images(np.asarray(image)[None])

    def set_images(self, images):
        """Sets the input images of a call.

        Args:
            images: `[batch, height, width, channels]`.
        """
        images = np.asarray(images, "float32")
        if self._other is None:
            self._interpreter.set_tensor(self._indices["images"], images)
        else:
            self._other.images = images

    def invoke(self):
        """Runs the network once.

        Returns:
            `(seconds, cpu_seconds)`: what the clock says, and the processor time of
            this process, all threads.
        """
        invoke = self._interpreter.invoke if self._other is None else self._other.invoke
        return timed(invoke)

    def predictions(self):
        """Predictions of the last run: float32 `[classes]`."""
        return self.batch_predictions()[0]

    def decisions(self):
        """Decisions of the last run: float32 `[n]`; None if the file tells none."""
        if not self._tells:
            return None
        return self._interpreter.get_tensor(self._indices["decisions"])[0]

    def batch_predictions(self):
        """Predictions of the last run: float32 `[batch, classes]`."""
        if self._other is not None:
            return self._other.outputs["predictions"]
        return self._interpreter.get_tensor(self._indices["predictions"])

    @property
    def _tells(self):
        return self.metadata.has_decisions and self._other is None

    def _signature(self, key):
        """Tensor numbers by name."""
        # No runner is kept: it adds Python work to every call, and forbids resizing.
        runner = self._interpreter.get_signature_runner(key)
        details = runner.get_input_details() | runner.get_output_details()
        return {key: entry["index"] for key, entry in details.items()}

    def _resize(self, batch, where):
        if self._other is not None:
            raise InputError(
                "Expected one image at a time for a signature that is not the main one "
                f"of {where}, got {batch}."
            )
        shape = (batch, *self.metadata.image_shape)
        try:
            self._interpreter.resize_tensor_input(self._indices["images"], shape)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise InputError(
                f"Expected a file that can be resized to {batch} images in {where}, "
                f"got: {reason}"
            ) from None

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
        known = np.stack(decisions) if self._tells else None
        return np.stack(predictions), known


class _Other:
    """A signature whose subgraph is not the main one: it runs through its runner.

    Args:
        runner: LiteRT's `SignatureRunner`.
    """

    def __init__(self, runner):
        self._runner = runner
        self.images = None
        self.outputs = None

    def invoke(self):
        self.outputs = self._runner(images=self.images)


def timed(function):
    """Calls a function without arguments.

    Returns:
        `(seconds, cpu_seconds)`: what the clock says, and the processor time of this
        process, all threads.
    """
    cpu_start, start = time.process_time(), time.perf_counter()
    function()
    end, cpu_end = time.perf_counter(), time.process_time()
    return end - start, cpu_end - cpu_start
