"""What the lowerings of one network share."""

import dataclasses

import keras
import tensorflow as tf

from tfgate.graph import GraphRewriter
from tflite.lowering.threshold import LogOddsThreshold


@dataclasses.dataclass
class Context:
    """State of one conversion, handed to every lowering.

    Attributes:
        rewriter: copies layers; their weights follow at the end.
        threshold: what log odds are compared with.
        log_odds: gate name -> list of scalar KerasTensors, one for each component, of
            the gates that the file computes. Lowerings add theirs.
    """

    rewriter: GraphRewriter
    threshold: LogOddsThreshold
    log_odds: dict = dataclasses.field(default_factory=dict)


class Decisions(keras.layers.Layer):
    """Decisions of several gates as one tensor.

    The log odds are joined before they are compared, so that n gates cost a handful
    of operations. Stacked as the scalars that the conditions compare, they cost a CIFAR
    ResNet-110 with 54 gates nothing that can be measured; concatenated as vectors,
    which every gate has to reshape, 2 %.

    Args:
        threshold: `LogOddsThreshold`.

    Call arguments:
        log_odds: list of n scalars.

    Returns:
        float32 `[1, n]`, values 0 or 1.
    """

    def __init__(self, threshold, **kwargs):
        super().__init__(**kwargs)
        self._threshold = threshold

    def call(self, log_odds):
        is_open = tf.stack(log_odds) > self._threshold.value
        return tf.reshape(tf.cast(is_open, tf.float32), (1, -1))
