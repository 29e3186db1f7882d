"""What the lowerings of one network share."""

import dataclasses

import keras
import tensorflow as tf

from tfgate.graph import GraphRewriter
from tflite.lowering import gates
from tflite.lowering.dial import Dial
from tflite.lowering.dial import Steps
from tflite.lowering.threshold import LogOddsThreshold


@dataclasses.dataclass
class Context:
    """State of one conversion, handed to every lowering.

    Attributes:
        rewriter: copies layers; their weights follow at the end.
        threshold: what log odds are compared with.
        log_odds: gate name -> list of scalar KerasTensors, one for each component, of
            the gates that the file computes. Lowerings add theirs.
        dial: of a throttled network with an input u, else None.
        levels: largest number of widths of a block that the file has, see
            `tflite.lowering.levels`.
        min_group: least number of filters by which they differ.
    """

    rewriter: GraphRewriter
    threshold: LogOddsThreshold
    log_odds: dict = dataclasses.field(default_factory=dict)
    dial: Dial | None = None
    levels: int = 1
    min_group: int = 1

    def condition(self, block, x):
        """What opens a block with one component.

        Args:
            block: the `tfgate.GatedBlock`.
            x: KerasTensor, its input in the new graph.

        Returns:
            `(scalar, condition)`: a KerasTensor, and the object whose `symbol(scalar)`
            says whether the component is open.
        """
        if self.dial is None:
            log_odds = gates.lower(block.gate, self.rewriter)(x)
            self.log_odds[block.gate.name] = log_odds
            return log_odds[0], self.threshold
        (opening,) = self.dial.openings(block.gate)
        macs = sum(product.macs for product in block.products())
        self.dial.steps.append(Steps([opening], [0, macs]))
        return self.dial.u, opening


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
