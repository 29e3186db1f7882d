"""GatedModel: a keras.Model that knows its gates."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import ClassVar
from typing import Self

import keras
import tensorflow as tf
from keras import ops

from tfgate import distribution
from tfgate.blocks import GatedBlock
from tfgate.cost_graph import count_costs
from tfgate.costs import ModelCosts
from tfgate.exit_graph import ExitGraph
from tfgate.gates import Gate
from tfgate.losses import GateLoss
from tfgate.metrics import GateMetrics
from tfgate.policies import Policy
from tfgate.policies import Threshold
from tfgate.summary import gates_table
from tfgate.typing import Config
from tfgate.typing import GatesOutputs
from tfgate.typing import Tensor
from tfgate.typing import TensorTree


@keras.saving.register_keras_serializable(package="tfgate")
class GatedModel(keras.Model):
    """A functional network with gated blocks, trained with plain `compile` and `fit`.

    The gated blocks are found in the graph between inputs and outputs. Calling the
    model, `predict` and `evaluate` give the user predictions only; `model.core` also
    gives every gate's outputs.

    Args:
        inputs: KerasTensor, or a structure of them, as for `keras.Model`.
        outputs: KerasTensor, or a structure of them: the predictions.
        policy: how gates decide at inference, a `tfgate.policies.Policy`; None keeps
            the gates' own policies, which must then agree.
        **kwargs: arguments of `keras.Model`.

    Attributes:
        core: functional `keras.Model` from inputs to `{"predictions": outputs,
            "gates": {gate name: {"logits", "probability", "decision"}}}`, each
            `[batch, components]`. Gates are in network order, those of early exits at
            the end. With early exits, also `"exits"`: gate name -> answer of that
            exit's classifier, as `predictions`.

    Raises:
        ValueError: no gated block is found, two gates have one name, a gated block
            hides inside a nested model, policies differ, or early exits do not end in
            one `tfgate.ExitSelection`.

    Example:
    >>> import tfgate
    >>> inputs = keras.Input((8, 8, 4))
    >>> branch = keras.layers.Conv2D(4, 3, padding="same")
    >>> x, _ = tfgate.GatedResidual(branch, tfgate.DependentGate(name="g"))(inputs)
    >>> x = keras.layers.GlobalAveragePooling2D()(x)
    >>> model = tfgate.GatedModel(inputs, keras.layers.Dense(2)(x))
    >>> model.compile("sgd", "mse", gate_losses=[tfgate.PerBatch(0.5)])
    >>> images, labels = keras.ops.ones((4, 8, 8, 4)), keras.ops.ones((4, 2))
    >>> logs = model.fit(images, labels, verbose=0).history
    >>> 0.0 <= logs["activation_rate"][0] <= 1.0
    True
    """

    core_class: ClassVar[type[keras.Model]] = keras.Model

    def __init__(
        self,
        inputs: TensorTree,
        outputs: TensorTree,
        policy: Policy | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        blocks = _find_blocks(inputs, outputs)
        gates = {block.gate.name: block.gate_outputs for block in blocks}
        if len(gates) < len(blocks):
            names = [block.gate.name for block in blocks]
            raise ValueError(f"Expected gates with distinct names, got {names}.")
        results = {"predictions": outputs, "gates": gates}
        exits = ExitGraph.read(keras.Model(inputs, outputs).operations, outputs)
        if exits.exits:
            answers = zip(exits.exits, exits.answers, strict=False)
            results["exits"] = {leave.gate.name: answer for leave, answer in answers}
        results.update(self._further_results(inputs, outputs))
        self.core = self.core_class(inputs, results, name=f"{self.name}_core")
        self._exits = exits
        self._gate_losses: list[GateLoss] = []
        self._costs: ModelCosts | None = None
        # From compile on a GateMetrics and a keras.metrics.Mean.
        self._gate_metrics: Any = None
        self._gate_loss_metric: Any = None
        self.built = True
        self._policy = self._common_policy()
        if policy is not None:
            self.policy = policy

    # --- What the network consists of

    @property
    def blocks(self) -> list[GatedBlock]:
        """The gated blocks, in network order."""
        return [layer for layer in self.core.layers if isinstance(layer, GatedBlock)]

    @property
    def exits(self) -> ExitGraph:
        """The early exits, and what lies behind which; its `exits` may be none."""
        return self._exits

    @property
    def gates(self) -> list[Gate]:
        """The gates, in network order."""
        return [block.gate for block in self.blocks]

    @property
    def gate_names(self) -> list[str]:
        """Names of the gates, in network order: the keys of `core(x)["gates"]`."""
        return [gate.name for gate in self.gates]

    @property
    def input(self) -> TensorTree:
        """The network's symbolic input."""
        return self.core.input

    @property
    def costs(self) -> ModelCosts:
        """MACs of the network and of its components, a `tfgate.costs.ModelCosts`."""
        if self._costs is None:
            self._costs = count_costs(self.core, self.exits)
        return self._costs

    def get_layer(
        self, name: str | None = None, index: int | None = None
    ) -> keras.Layer:
        """Returns a layer of the network by name or index, as `keras.Model` does."""
        return self.core.get_layer(name=name, index=index)

    # --- Inference

    @property
    def policy(self) -> Policy:
        """How the gates decide at inference, e.g. `Threshold(0.5)` or `AlwaysOpen()`.

        Setting another τ retraces nothing. Setting a policy of another class renews
        the model's compiled `predict`, `evaluate` and `fit` functions; a
        `tf.function` of your own keeps the policy that it was traced with. A policy
        that does not fit the gates raises ValueError, and the model keeps its own.
        """
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        if not isinstance(policy, Policy):
            raise ValueError(f"Expected a tfgate policy, got {policy!r}.")
        before = self._policy
        gates = (*self.gates, *self._deciders)
        try:
            for gate in gates:
                gate.policy = policy
        except ValueError:
            for gate in gates:
                gate.policy = before
            raise
        self._policy = policy
        if policy.graph_key != before.graph_key:
            # Not the train function: training asks the estimators, and a callback
            # may change the policy in the middle of `fit`.
            self.test_function = None
            self.predict_function = None

    def call(
        self,
        inputs: TensorTree,
        training: bool | None = None,
        mask: TensorTree | None = None,
    ) -> TensorTree:
        return self.core(inputs, training=training)["predictions"]

    # --- Training

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        gate_losses: GateLoss | Sequence[GateLoss] = (),
        jit_compile: bool | str = False,
        **kwargs: Any,
    ) -> None:
        """Configures training as `keras.Model.compile` does.

        Args:
            optimizer: as for `keras.Model.compile`.
            loss: the task loss, as for `keras.Model.compile`.
            metrics: as for `keras.Model.compile`.
            gate_losses: a `tfgate.losses.GateLoss` or a list of them, added to the
                task loss.
            jit_compile: as for Keras, but off by default: XLA is several times slower
                on CPUs.
            **kwargs: further arguments of `keras.Model.compile`.

        Raises:
            ValueError: a gate loss does not fit the gates of this model, or these can't
                be trained with their estimator.
        """
        if isinstance(gate_losses, GateLoss):
            gate_losses = [gate_losses]
        for gate_loss in gate_losses:
            if not isinstance(gate_loss, GateLoss):
                raise ValueError(f"Expected a tfgate gate loss, got {gate_loss!r}.")
            sizes = {gate.name: gate.components for gate in self.gates}
            gate_loss.check(sizes, self.costs)
        self._check_estimators(loss, gate_losses)
        super().compile(
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            jit_compile=jit_compile,
            **kwargs,
        )
        self._gate_losses = list(gate_losses)
        with self.distribute_strategy.scope():
            for gate_loss in self._gate_losses:
                gate_loss.build()
        if self._gate_metrics is None:  # Keras tracks them, and what they replace
            throttled = "control" in self.core.output
            self._gate_metrics = GateMetrics(self.costs, throttled)
            self._gate_loss_metric = keras.metrics.Mean(name="gate_loss")

    def get_compile_config(self) -> Config | None:
        config = super().get_compile_config()
        if config:
            config["gate_losses"] = [
                keras.saving.serialize_keras_object(loss) for loss in self._gate_losses
            ]
        return config

    def compile_from_config(self, config: Config) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        if getattr(self, "optimizer", None) is not None:
            self.optimizer.build(self.trainable_variables)

    @property
    def gate_losses(self) -> list[GateLoss]:
        """The compiled gate losses."""
        return list(self._gate_losses)

    def gate_loss(self, gates: GatesOutputs) -> Tensor:
        """Sum of the compiled gate losses, a float32 scalar over the global batch.

        Their schedules are at the time of the optimizer's iterations.

        Args:
            gates: `model.core(x)["gates"]`.
        """
        step = self.optimizer.iterations
        losses = [loss(gates, self.costs, step) for loss in self._gate_losses]
        return sum(losses) if losses else ops.zeros(())

    def train_step(self, data: TensorTree) -> dict[str, Tensor]:
        """Trains on a batch, see `keras.Model.train_step`.

        The loss is the mean over the images of the global batch, also where replicas
        have different numbers of images, or none: see
        `tfgate.distribution.global_batch_weight` and `first_rows`.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            loss, predictions = self._batch_losses(x, y, sample_weight, training=True)
            scaled_loss = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        gradients = tape.gradient(scaled_loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return self.compute_metrics(x, y, predictions, sample_weight)

    def test_step(self, data: TensorTree) -> dict[str, Tensor]:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        _, predictions = self._batch_losses(x, y, sample_weight, training=False)
        return self.compute_metrics(x, y, predictions, sample_weight)

    def _batch_losses(
        self, x: TensorTree, y: TensorTree, sample_weight: TensorTree, training: bool
    ) -> tuple[Tensor, TensorTree]:
        """Runs a batch; updates the loss and gate metrics; returns (loss, y_pred)."""
        batch = ops.shape(keras.tree.flatten(x if y is None else y)[0])[0]
        outputs = distribution.first_rows(self.core(x, training=training), batch)
        predictions, gates = outputs["predictions"], outputs["gates"]
        replicas = distribution.num_replicas()
        task_loss = self.compute_loss(x, y, predictions, sample_weight, training)
        task_loss = task_loss + self._exits_loss(y, outputs, sample_weight)
        gate_loss = self.gate_loss(gates)
        if training:
            for loss in self._gate_losses:
                loss.update(gates, self.optimizer.iterations)
            surrogate = self._surrogate_loss(y, outputs, sample_weight)
        # Gradients are summed over replicas, and each has the global batch's gate
        # loss; Keras has already divided the task loss in the same way.
        gate_share = ops.cast(gate_loss, task_loss.dtype) / replicas
        self._loss_tracker.update_state(
            (task_loss + gate_share) * replicas, sample_weight=batch
        )
        self._gate_loss_metric.update_state(gate_loss, sample_weight=batch)
        self._gate_metrics.update_state(gates)
        if training and replicas > 1 and self._averages_task_losses():
            weight = distribution.global_batch_weight(batch)
            task_loss = task_loss * ops.cast(weight, task_loss.dtype)
        if training and surrogate is not None:
            gate_share = gate_share + ops.cast(surrogate, task_loss.dtype) / replicas
        return task_loss + gate_share, predictions

    def _exits_loss(
        self, y: TensorTree, outputs: TensorTree, sample_weight: TensorTree
    ) -> Tensor:
        """The task losses that the classifiers of early exits have of their own."""
        total = 0.0
        weighted = [leave for leave in self.exits.exits if leave.loss_weight]
        if not weighted or self._compile_loss is None:
            return total
        if keras.tree.is_nested(outputs["predictions"]):
            raise ValueError(
                "Expected loss_weight=0 of the early exits of a network whose "
                f"predictions are more than one tensor, got {weighted[0].name!r} with "
                f"{weighted[0].loss_weight}."
            )
        for leave in weighted:
            answer = outputs["exits"][leave.gate.name]
            # Not `compute_loss`, which would add the regularizers once more.
            loss = self._compile_loss(y, answer, sample_weight)
            total = total + leave.loss_weight * loss
        return total

    def _averages_task_losses(self) -> bool:
        """Whether the task loss is a mean over images; else it is a sum of them."""
        losses = [loss for loss in keras.tree.flatten(self.loss) if loss is not None]
        sums = [getattr(loss, "reduction", "mean") == "sum" for loss in losses]
        if any(sums) and not all(sums):
            raise ValueError(
                "Expected task losses of one reduction on several replicas, got sums "
                "and means."
            )
        return not any(sums)

    # --- Reports

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """Prints the layers of the network, see `keras.Model.summary`."""
        self.core.summary(*args, **kwargs)

    def summary_gates(self, print_fn: Callable[[str], object] = print) -> None:
        """Prints a table with a row per gate, and one per place of filter gates.

        The columns are block, gate, components, MACs per component (a range where
        they differ), MACs of the gate itself, and the activation rate of the last
        epoch or evaluation ("-" before any).

        Args:
            print_fn: receives the table as one string.
        """
        rates: dict[str, Tensor] = {}
        if self._gate_metrics is not None and self._gate_metrics.images:
            rates = self._gate_metrics.result()
        costs = self.costs
        print_fn(gates_table(self.blocks, costs, rates))
        print_fn(
            f"MACs per image: dense {costs.dense:,}, all gates open "
            f"{costs.all_open:,}, all closed {costs.all_closed:,}"
        )

    # --- Saving

    def get_config(self) -> Config:
        return {
            "name": self.name,
            "core": keras.saving.serialize_keras_object(self.core),
            "policy": keras.saving.serialize_keras_object(self._policy),
        }

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        core = keras.saving.deserialize_keras_object(
            config["core"], custom_objects=custom_objects
        )
        policy = keras.saving.deserialize_keras_object(config["policy"])
        return cls(
            core.input, core.output["predictions"], policy=policy, name=config["name"]
        )

    # --- Helpers

    @property
    def _deciders(self) -> list[Gate]:
        """The gates that hold estimators and policies."""
        return self.gates

    def _further_results(self, inputs: TensorTree, outputs: TensorTree) -> TensorTree:
        """Further outputs of `core`, by name."""
        return {}

    def _check_estimators(self, loss: Any, gate_losses: Sequence[GateLoss]) -> None:
        """Raises ValueError if gates can't be trained with their estimators.

        Args:
            loss: the task loss, as given to `compile`.
            gate_losses: the gate losses.
        """
        for gate in self._deciders:
            if gate.estimator.needs_image_losses:
                raise ValueError(
                    "Expected estimators whose decisions have a gradient, got "
                    f"{type(gate.estimator).__name__} of gate {gate.name!r}: it is for "
                    "the gating functions of tfgate.throttle."
                )

    def _surrogate_loss(
        self, y: TensorTree, outputs: TensorTree, sample_weight: TensorTree
    ) -> Tensor | None:
        """A scalar of the global batch whose gradient training adds, not its value."""
        return None

    def _common_policy(self) -> Policy:
        policies = {gate.policy for gate in self._deciders}
        if len(policies) > 1:
            raise ValueError(
                f"Expected gates with one policy, got {sorted(map(str, policies))}."
            )
        return policies.pop() if policies else Threshold()


def _find_blocks(inputs: TensorTree, outputs: TensorTree) -> list[GatedBlock]:
    """The gated blocks between inputs and outputs, in network order."""
    layers = keras.Model(inputs, outputs).layers
    blocks = [layer for layer in layers if isinstance(layer, GatedBlock)]
    for layer in layers:
        hidden = [
            sublayer
            for sublayer in layer._flatten_layers(include_self=False)
            if isinstance(sublayer, GatedBlock)
        ]
        if hidden:
            raise ValueError(
                f"Expected gated blocks in the graph itself, got {hidden[0].name!r} "
                f"inside {layer.name!r}; build the network without nesting it."
            )
    if not blocks:
        raise ValueError(
            "Expected at least one gated block, such as tfgate.GatedResidual, between "
            "inputs and outputs; use keras.Model for a network without gates."
        )
    return blocks
