"""Gates: who decides. Each gives per component logits, probability and decision.

Every gate returns a dict of float32 tensors of shape `[batch, components]`:

- `logits`: log odds of being open, `l1 - l0`;
- `probability`: P(open) = sigmoid(logits);
- `decision`: z; sampled by the gate's estimator in training, chosen by its policy
  (0 or 1) at inference.
"""

import math
import random
from collections.abc import Iterable
from typing import Any
from typing import ClassVar
from typing import Self
from typing import TypeVar

import keras
import tensorflow as tf
from keras import ops

from tfgate import costs
from tfgate import distribution
from tfgate import noise
from tfgate.estimators import Estimator
from tfgate.estimators import GumbelSoftmax
from tfgate.policies import Policy
from tfgate.policies import Stochastic
from tfgate.policies import Threshold
from tfgate.typing import Config
from tfgate.typing import GateOutputs
from tfgate.typing import Shape
from tfgate.typing import Tensor

_T = TypeVar("_T")


class Gate(keras.layers.Layer):
    """Base of the gates. A subclass implements `compute_logits`.

    Args:
        components: number of components that the gate switches, at least 1.
        initial_open_probability: P(open) of every component before training, in
            (0, 1). The default, 0.87, is AIG's bias (0.1, 2).
        estimator: how decisions are sampled and differentiated in training, a
            `tfgate.estimators.Estimator`; None means `GumbelSoftmax()`.
        policy: how decisions are made at inference; None means `Threshold(0.5)`.
        seed: int in [0, 2**31), root of the gate's noise. None draws one from
            Python's `random`, as Keras does, so `keras.utils.set_random_seed` repeats
            it.
        **kwargs: arguments of `keras.layers.Layer`. Gates compute in float32 whatever
            the global dtype policy is.

    Call arguments:
        inputs: the block's input, `[batch, ..., channels]`.
        training: True samples with the estimator, False asks the policy.

    Attributes:
        outputs: names of what the gate returns, sorted.
        takes_control: whether the gate is called on the outputs of a gating function
            (`tfgate.throttling`) instead of its block's input.

    Raises:
        ValueError: an argument is out of its range.
    """

    outputs: ClassVar[tuple[str, ...]] = ("decision", "logits", "probability")
    takes_control: ClassVar[bool] = False

    def __init__(
        self,
        components: int = 1,
        initial_open_probability: float = 0.87,
        estimator: Estimator | None = None,
        policy: Policy | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(autocast=False, **kwargs)
        if int(components) < 1:
            raise ValueError(f"Expected components >= 1, got {components!r}.")
        if not 0.0 < initial_open_probability < 1.0:
            raise ValueError(
                "Expected initial_open_probability in (0, 1), got "
                f"{initial_open_probability!r}."
            )
        self.components = int(components)
        self.initial_open_probability = float(initial_open_probability)
        self.estimator = _checked(estimator or GumbelSoftmax(), Estimator, "estimator")
        self._policy = _checked(policy or Threshold(), Policy, "policy")
        self.seed = random.randint(1, 2**31 - 1) if seed is None else int(seed)
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"Expected seed in [0, 2**31), got {seed!r}.")

    @property
    def policy(self) -> Policy:
        """How this gate decides at inference.

        Functions that were traced before keep the class of policy that they saw; set
        `GatedModel.policy` to have a model's compiled functions renewed.
        """
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        policy = _checked(policy, Policy, "policy")
        if self.built:
            policy.prepare(self)  # which may refuse
        self._policy = policy

    def build(self, input_shape: Shape) -> None:
        self.noise_step = self.add_weight(
            name="noise_step",
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )
        self.evaluation_step = self.add_weight(
            name="evaluation_step",
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )
        self.tau = self.add_weight(
            name="tau",
            shape=(),
            dtype="float32",
            initializer=keras.initializers.Constant(0.5),
            trainable=False,
            aggregation="only_first_replica",
        )
        self.build_logits(input_shape)
        self.built = True
        self._policy.prepare(self)

    def load_own_variables(self, store: Any) -> None:
        super().load_own_variables(store)
        # The threshold belongs to the policy, not to the weights that are loaded.
        self._policy.prepare(self)

    def build_logits(self, input_shape: Shape) -> None:
        """Creates the weights that `compute_logits` needs."""

    def compute_logits(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Returns `[batch, components, 2]` logits, last axis (closed, open)."""
        raise NotImplementedError

    def call(self, inputs: Tensor, training: bool | None = None) -> GateOutputs:
        logits = ops.cast(self.compute_logits(inputs, training=training), "float32")
        log_odds = logits[..., 1] - logits[..., 0]
        if training:
            step = tf.identity(ops.convert_to_tensor(self.noise_step))
            decision = self.estimator(logits, self.next_seed(), step)
        else:
            decision = self.policy.decide(logits, self)
        return {
            "logits": log_odds,
            "probability": ops.sigmoid(log_odds),
            "decision": decision,
        }

    @property
    def open_weight(self) -> float:
        """Factor of what is open at inference: 1, but for `StochasticDepth`."""
        return 1.0

    def weigh(self, outputs: GateOutputs, training: bool | None = None) -> Tensor:
        """Returns what a block multiplies its components by.

        Args:
            outputs: what `call` returned.
            training: as for `call`.

        Returns:
            `[batch, components]`: the decision itself; at inference, unless it was
            sampled, times `open_weight`.
        """
        decision = outputs["decision"]
        if training or self.open_weight == 1.0 or isinstance(self.policy, Stochastic):
            return decision
        return decision * self.open_weight

    def count_macs(self, input_shape: Shape) -> int:
        """MACs of the gate for one image.

        Args:
            input_shape: of the block, `(batch, ..., channels)`.
        """
        return costs.count_macs(self, input_shape)

    def next_seed(self, training: bool = True) -> Tensor:
        """Advances a noise sequence by one step and returns the step's seed.

        The seed depends on (seed, gate name, step, replica) alone; the step is a
        saved weight, so an interrupted training continues with the same noise.
        Training and evaluation have a sequence each: how often one evaluates does not
        change the training.

        Args:
            training: which of the two sequences.

        Returns:
            int tensor of shape `[2]` for `tf.random.stateless_*`.
        """
        counter = self.noise_step if training else self.evaluation_step
        name = self.name if training else f"{self.name}/evaluation"
        step = tf.identity(ops.convert_to_tensor(counter))
        counter.assign_add(1)
        return noise.step_seed(self.seed, name, step, distribution.replica_id())

    def compute_output_spec(
        self, inputs: Tensor, training: bool | None = None
    ) -> GateOutputs:
        shape = (inputs.shape[0], self.components)
        return {key: keras.KerasTensor(shape, dtype="float32") for key in self.outputs}

    def initial_logits(self) -> tuple[float, float]:
        """The two logits, (closed, open), of the initial open probability.

        They are `(-d/2, d/2)`: weight decay drives a pair of logits towards
        `l0 = -l1` (CS 3.2), so the pair starts there.
        """
        p = self.initial_open_probability
        half = 0.5 * (math.log(p) - math.log1p(-p))
        return (-half, half)

    def get_config(self) -> Config:
        config = super().get_config()
        config.update(
            components=self.components,
            initial_open_probability=self.initial_open_probability,
            estimator=keras.saving.serialize_keras_object(self.estimator),
            policy=keras.saving.serialize_keras_object(self.policy),
            seed=self.seed,
        )
        return config

    @classmethod
    def from_config(cls, config: Config) -> Self:
        config = dict(config)
        config.pop("autocast", None)
        for key in ("estimator", "policy"):
            config[key] = keras.saving.deserialize_keras_object(config[key])
        return cls(**config)


@keras.saving.register_keras_serializable(package="tfgate")
class IndependentGate(Gate):
    """Data-independent gate: two learned logits per component.

    Such gates learn a structure, the same for every image: with `PerBatch` they
    polarize, and what stays closed can be cut away with `tfgate.compact`.

    Reference:
        PG 3 (data-independent bypass), CS 3.2 (two parameters per gate).

    Example:
    >>> gate = IndependentGate(components=3, initial_open_probability=0.9)
    >>> gate(keras.ops.ones((2, 8, 8, 4)))["decision"].shape.as_list()
    [2, 3]
    """

    def build_logits(self, input_shape: Shape) -> None:
        closed, opened = self.initial_logits()
        self.component_logits = self.add_weight(
            name="component_logits",
            shape=(self.components, 2),
            initializer=lambda shape, dtype=None: ops.broadcast_to(
                ops.cast([closed, opened], dtype), shape
            ),
        )
        mark_gate_parameters([self.component_logits])

    def compute_logits(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        batch = ops.shape(inputs)[0]
        return ops.broadcast_to(
            self.component_logits[None], (batch, self.components, 2)
        )


@keras.saving.register_keras_serializable(package="tfgate")
class DependentGate(Gate):
    """Data-dependent gate of AIG: pool, 16 hidden units, BN, ReLU, two logits.

    Args:
        components: number of components that the gate switches.
        hidden: number of hidden units, default 16.
        **kwargs: arguments of `Gate`.

    Call arguments:
        inputs: `[batch, height, width, channels]`; any number of spatial axes.

    Reference:
        Veit and Belongie 2018 (AIG); PG 4.1.1; CS 3.2.

    Example:
    >>> gate = DependentGate(seed=1)
    >>> sorted(gate(keras.ops.ones((2, 8, 8, 4))))
    ['decision', 'logits', 'probability']
    """

    def __init__(self, components: int = 1, hidden: int = 16, **kwargs: Any) -> None:
        super().__init__(components=components, **kwargs)
        if int(hidden) < 1:
            raise ValueError(f"Expected hidden >= 1, got {hidden!r}.")
        self.hidden = int(hidden)
        closed, opened = self.initial_logits()
        dtype = self.dtype_policy
        self.hidden_dense = keras.layers.Dense(
            self.hidden,
            use_bias=False,  # the batch norm that follows has the bias
            kernel_initializer="he_normal",
            dtype=dtype,
            name="hidden",
        )
        self.hidden_norm = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, dtype=dtype, name="hidden_bn"
        )
        self.logits_dense = keras.layers.Dense(
            2 * self.components,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            bias_initializer=lambda shape, dtype=None: ops.cast(
                ops.tile(ops.array([closed, opened]), self.components), dtype
            ),
            dtype=dtype,
            name="logits",
        )

    def build_logits(self, input_shape: Shape) -> None:
        batch, channels = input_shape[0], input_shape[-1]
        self.hidden_dense.build((batch, channels))
        self.hidden_norm.build((batch, self.hidden))
        self.logits_dense.build((batch, self.hidden))
        mark_gate_parameters(
            self.hidden_dense.trainable_variables
            + self.hidden_norm.trainable_variables
            + self.logits_dense.trainable_variables
        )

    def compute_logits(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        spatial_axes = tuple(range(1, len(inputs.shape) - 1))
        # Not ops.mean: its gradient divides at the full size of the inputs.
        area = ops.cast(math.prod(ops.shape(inputs)[1:-1]), "float32")
        pooled = ops.sum(ops.cast(inputs, "float32"), axis=spatial_axes) / area
        hidden = self.hidden_norm(self.hidden_dense(pooled), training=training)
        logits = self.logits_dense(ops.relu(hidden))
        return ops.reshape(logits, (-1, self.components, 2))

    def get_config(self) -> Config:
        config = super().get_config()
        config["hidden"] = self.hidden
        return config


def mark_gate_parameters(variables: Iterable[keras.Variable]) -> None:
    """Marks trainable variables as parameters of a gate, for their weight decay."""
    for variable in variables:
        variable.is_gate_parameter = True


def is_gate_parameter(variable: keras.Variable) -> bool:
    """Whether a `keras.Variable` was marked with `mark_gate_parameters`."""
    return getattr(variable, "is_gate_parameter", False)


def _checked(value: object, expected: type[_T], name: str) -> _T:
    if not isinstance(value, expected):
        raise ValueError(
            f"Expected {name} to be a tfgate {expected.__name__}, got {value!r}."
        )
    return value
