"""What the lowerings of one network share."""

import dataclasses
import itertools

import keras
import tensorflow as tf

from tfgate.graph import GraphRewriter
from tflite.lowering import gates
from tflite.lowering.dial import Dial
from tflite.lowering.dial import Steps
from tflite.lowering.learned import Learned
from tflite.lowering.threshold import LogOddsThreshold


@dataclasses.dataclass
class Context:
    """State of one conversion, handed to every lowering.

    Attributes:
        rewriter: copies layers; their weights follow at the end.
        threshold: what log odds are compared with.
        log_odds: gate name -> list of scalar KerasTensors, one for each component, or
            of one vector of all, of the gates that the file computes. Lowerings add
            theirs.
        dial: of a throttled network with an input u whose gating follows a rule, else
            None.
        learned: of one whose gating function is learned, else None.
        levels: largest number of widths of a block that the file has, see
            `tflite.lowering.levels`.
        min_group: least number of filters by which they differ; of a cluster, where
            `clusters` says nothing.
        clusters: block name -> dict of site name -> `tflite.clusters.SiteClusters`.
        variants: block name -> `tflite.variants.BlockVariants`.
        decisions: block name -> tuple with 0 or 1 for each component of its gate that
            is decided for every image, None for the others; without an entry, none is.
        switched: block name -> list of `tflite.lowering.filters.macs.Switched`, what
            the file executes of the block. Lowerings of gated filters add theirs.
        leaves: list of `tflite.lowering.early_exit.Leave`, where images leave early.
            Lowerings of exits add theirs.
    """

    rewriter: GraphRewriter
    threshold: LogOddsThreshold
    log_odds: dict = dataclasses.field(default_factory=dict)
    dial: Dial | None = None
    learned: Learned | None = None
    levels: int = 1
    min_group: int = 1
    clusters: dict = dataclasses.field(default_factory=dict)
    variants: dict = dataclasses.field(default_factory=dict)
    decisions: dict = dataclasses.field(default_factory=dict)
    switched: dict = dataclasses.field(default_factory=dict)
    leaves: list = dataclasses.field(default_factory=list)

    def condition(self, block, x):
        """What opens a block with one component.

        Args:
            block: the `tfgate.GatedBlock`.
            x: KerasTensor, its input in the new graph.

        Returns:
            `(scalar, condition)`: a KerasTensor, and the object whose `symbol(scalar)`
            says whether the component is open.
        """
        if self.learned is not None:
            return self.learned.scalar(block.gate), self.threshold
        if self.dial is None:
            log_odds = gates.lower(block.gate, self.rewriter)(x)
            self.log_odds[block.gate.name] = log_odds
            return log_odds[0], self.threshold
        (opening,) = self.dial.openings(block.gate)
        macs = sum(product.macs for product in block.products())
        self.dial.steps.append(Steps([opening], [0, macs]))
        return self.dial.u, opening

    def vector(self, block, x):
        """The log odds of all components of a block's gate.

        Args:
            block: the `tfgate.GatedBlock`.
            x: KerasTensor, its input in the new graph.

        Returns:
            KerasTensor `[components]`, float32.
        """
        if self.learned is not None:
            return self.learned.vector(block.gate)
        log_odds = gates.lower(block.gate, self.rewriter).as_vector()(x)
        self.log_odds[block.gate.name] = [log_odds]
        return log_odds

    def weights(self, block):
        """What a learned gating function multiplies a block's filters by.

        Args:
            block: the `tfgate.GatedFilters`.

        Returns:
            Tuple of one KerasTensor, see `Learned.weights`; empty for other networks,
            whose filters are multiplied by the decisions.
        """
        return () if self.learned is None else (self.learned.weights(block.gate),)

    def decided(self, block):
        """Tuple with 0, 1 or None for each component of a block's gate."""
        return self.decisions.get(block.name, (None,) * block.gate.components)


class Decisions(keras.layers.Layer):
    """Decisions of several gates as one tensor.

    The log odds are joined before they are compared, so that n gates cost a handful
    of operations. Stacked as the scalars that the conditions compare, they cost a CIFAR
    ResNet-110 with 54 gates nothing that can be measured; concatenated as vectors,
    which every gate has to reshape, 2 %. Only gates of many components come as vectors.

    Args:
        threshold: `LogOddsThreshold`.
        told: list of the components to tell, by their numbers among all that are
            given; None for all.

    Call arguments:
        log_odds: list of scalars and vectors.

    Returns:
        float32 `[1, n]`, values 0 or 1, for n components.
    """

    def __init__(self, threshold, told=None, **kwargs):
        super().__init__(**kwargs)
        self._threshold = threshold
        self._told = told

    def call(self, log_odds):
        joined = _joined(log_odds)
        if self._told is not None:
            joined = tf.gather(joined, self._told)
        is_open = joined > self._threshold.value
        return tf.reshape(tf.cast(is_open, tf.float32), (1, -1))


def _joined(log_odds):
    """Scalars and vectors as one vector; scalars next to each other are stacked."""
    parts = []
    for rank, group in itertools.groupby(log_odds, lambda x: x.shape.rank):
        same = list(group)
        parts += same if rank else [tf.stack(same)]
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
