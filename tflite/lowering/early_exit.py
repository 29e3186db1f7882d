"""`tfgate.EarlyExit` in TFLite: the rest of the network behind an IF.

What an exit switches is no layer of its own but all that follows. So its lowering only
notes where images leave, and answers for those that do; `tflite.nesting` puts the rest
into the IF when the graph is complete.
"""

import dataclasses

import keras
import tensorflow as tf

import tfgate
from tflite.lowering.registry import register
from tflite.lowering.threshold import LogOddsThreshold


@dataclasses.dataclass(frozen=True, eq=False)
class Leave:
    """Where images may leave, in the new graph.

    Attributes:
        name: of the exit.
        lowering: `"if"`, `"masked"`, `"open"` for an exit that none takes, or
            `"closed"` for one that all take.
        classifier: copy of the exit's own.
        inputs: KerasTensor, what the classifier reads.
        answer: KerasTensor, what it answers.
        scalar: KerasTensor, the gate's log odds; None where the gate is decided.
        condition: what they are compared with; None where the gate is decided.
    """

    name: str
    lowering: str
    classifier: keras.Layer
    inputs: keras.KerasTensor
    answer: keras.KerasTensor
    scalar: keras.KerasTensor | None = None
    condition: LogOddsThreshold | None = None


class ConditionalExit(keras.layers.Layer):
    """Runs the rest of the network, or the classifier of the exit.

    Args:
        rest: `keras.Model` from `carried` to `[predictions]`, or to `[predictions,
            decisions]`.
        classifier: layer from `inputs` to predictions.
        condition: `LogOddsThreshold`: open is to go on.

    Call arguments:
        scalar: the gate's log odds.
        inputs: `[1, ..., channels]`, what the classifier reads.
        carried: list of tensors that the rest reads.

    Returns:
        List as the rest's: predictions `[1, classes]`, decisions `[1, n]`, which are 0
        where the rest does not run.
    """

    def __init__(self, rest, classifier, condition, **kwargs):
        super().__init__(**kwargs)
        self.rest = rest
        self.classifier = classifier
        self._condition = condition
        self.built = True  # as its parts are

    def call(self, scalar, inputs, carried):
        def leave():
            decisions = [tf.zeros(tensor.shape) for tensor in self.rest.outputs[1:]]
            return [self.classifier(inputs), *decisions]

        def go_on():
            # One output is a tensor, not a list of it.
            return keras.tree.flatten(self.rest(carried))

        outputs = tf.cond(self._condition.symbol(scalar), go_on, leave)
        for output, tensor in zip(outputs, self.rest.outputs, strict=True):
            output.set_shape(tensor.shape)
        return outputs

    def compute_output_spec(self, scalar, inputs, carried):
        return [keras.KerasTensor(t.shape, t.dtype) for t in self.rest.outputs]


class MaskedExit(keras.layers.Layer):
    """Both answers, multiplied by the decision and its opposite, as in Keras.

    Args:
        condition: `LogOddsThreshold`.

    Call arguments:
        scalar: the gate's log odds.
        answer: `[1, classes]` of the exit.
        selected: `[1, classes]` of the rest.
    """

    def __init__(self, condition, **kwargs):
        super().__init__(**kwargs)
        self._condition = condition

    def call(self, scalar, answer, selected):
        decision = tf.cast(self._condition.symbol(scalar), tf.float32)
        return decision * selected + (1.0 - decision) * answer


@register(tfgate.EarlyExit, "if")
def lower_if(block, x, context):
    """Puts the rest of the network, or else the classifier, behind an IF."""
    return _lower(block, x, context, "if", *context.condition(block, x))


@register(tfgate.EarlyExit, "masked")
def lower_masked(block, x, context):
    """Computes both and multiplies them by the decision."""
    return _lower(block, x, context, "masked", *context.condition(block, x))


@register(tfgate.EarlyExit, "open")
def lower_open(block, x, context):
    """Goes on; the classifier is left out."""
    return _lower(block, x, context, "open")


@register(tfgate.EarlyExit, "closed")
def lower_closed(block, x, context):
    """Leaves; what follows is left out."""
    return _lower(block, x, context, "closed")


def _lower(block, x, context, lowering, scalar=None, condition=None):
    classifier = context.rewriter.copy(block.classifier)
    answer = classifier(x)
    context.leaves.append(
        Leave(block.name, lowering, classifier, x, answer, scalar, condition)
    )
    return answer
