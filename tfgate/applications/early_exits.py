"""Where networks may end early: exits between their stages."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from tfgate.blocks import EarlyExit
from tfgate.blocks import ExitSelection
from tfgate.blocks.sites import check_count
from tfgate.exit_gate import ExitGate
from tfgate.gates import Gate
from tfgate.stochastic_depth import StochasticDepth
from tfgate.typing import Activation
from tfgate.typing import Tensor

# What all gates of a network have in common, those of its exits included.
_SHARED = ("estimator", "policy", "seed")


@dataclasses.dataclass(frozen=True)
class EarlyExits:
    """How the early exits of a network are made: the value of `early_exit`.

    There is one at the end of each stage but the last. The classifiers are MSDNet's:
    two 3x3 convolutions of stride 2, each with batch norm and ReLU, average pooling and
    a dense layer. MSDNet pools 2x2 windows, which on CIFAR leaves a single position;
    here it is the mean over positions at every size.

    Attributes:
        gate: class of the exits' gates. `ExitGate` is PG's, and costs much;
            `DependentGate` costs next to nothing.
        gate_arguments: arguments of that class besides components and name; estimator,
            policy and seed are those of the network's other gates unless they are given
            here.
        filters: number of filters of both convolutions of each classifier. MSDNet has
            128 on CIFAR, and on ImageNet as many as the classifier has input channels.
        loss_weight: weight of each classifier's own loss on all images, see
            `tfgate.EarlyExit`.

    Raises:
        ValueError: an attribute is out of its range.

    Reference:
        PG 5 and S2.4; CS 5; Huang et al. 2018 (MSDNet), 4.

    Example:
    >>> import tfgate
    >>> exits = EarlyExits(gate=tfgate.DependentGate, filters=8)
    >>> model = tfgate.applications.CifarDenseNet(depth=10, early_exit=exits)
    >>> model.gate_names
    ['conv2_exit_gate', 'conv3_exit_gate']
    """

    gate: type[Gate] = ExitGate
    gate_arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    filters: int = 128
    loss_weight: float = 1.0

    def __post_init__(self) -> None:
        if not (isinstance(self.gate, type) and issubclass(self.gate, Gate)):
            raise ValueError(
                f"Expected gate to be a class of gates, got {self.gate!r}."
            )
        check_count(self.filters, "filters", 1)


class ExitPoints:
    """The exits of one network, while it is built.

    Args:
        early_exit: False for none, True for `EarlyExits()`, or an `EarlyExits`.
        include_top: whether the network has its classifier, which exits need.
        classes: number of classes.
        activation: activation of all classifiers; None gives logits.
        gate_arguments: the arguments of the network's other gates.

    Raises:
        ValueError: early_exit is something else, or the network has no classifier.
    """

    def __init__(
        self,
        early_exit: bool | EarlyExits,
        include_top: bool,
        classes: int,
        activation: Activation | None,
        gate_arguments: Mapping[str, Any],
    ) -> None:
        if not isinstance(early_exit, bool | EarlyExits):
            raise ValueError(
                "Expected early_exit to be True, False or a tfgate.applications."
                f"EarlyExits, got {early_exit!r}."
            )
        self._design = EarlyExits() if early_exit is True else early_exit or None
        if self._design is not None and not include_top:
            raise ValueError("Expected include_top=True with early_exit, got False.")
        self._classes = classes
        self._activation = activation
        self._shared = {k: v for k, v in gate_arguments.items() if k in _SHARED}
        self._answers: list[Tensor] = []
        self._decisions: list[Tensor] = []

    @property
    def exist(self) -> bool:
        """Whether the network is to have exits."""
        return self._design is not None

    def rest(self, gate: object, gate_arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of gates that are none of the exits' alone.

        Args:
            gate: the network's gate argument: without other gates, what all gates
                share belongs to those of the exits.
            gate_arguments: the arguments of the network's gates.

        Raises:
            ValueError: there are exits beside stochastic depth, whose gates average at
                inference, while those of exits decide; a network has one policy.
        """
        if self.exist and gate in ("stochastic_depth", StochasticDepth):
            raise ValueError(
                "Expected gates that decide, or gate=None, with early_exit, got "
                f"gate={gate!r}."
            )
        alone = self.exist and gate is None
        return {
            name: value
            for name, value in gate_arguments.items()
            if not (alone and name in _SHARED)
        }

    def add(self, x: Tensor, name: str) -> None:
        """Puts an exit behind a stage; without exits, nothing.

        Args:
            x: KerasTensor, the feature map that classifier and gate read.
            name: name of the exit.
        """
        design = self._design
        if design is None:
            return
        arguments = {**self._shared, **design.gate_arguments}
        block = EarlyExit(
            self._classifier(design.filters, name),
            design.gate(1, name=f"{name}_gate", **arguments),
            loss_weight=design.loss_weight,
            name=name,
        )
        answer, gate_outputs = block(x)
        self._answers.append(answer)
        self._decisions.append(gate_outputs["decision"])

    def select(self, last: Tensor) -> Tensor:
        """Returns the prediction: of the exits and the network's last answer."""
        if not self._answers:
            return last
        return ExitSelection(name="selection")([*self._answers, last], self._decisions)

    def _classifier(self, filters: int, name: str) -> keras.Sequential:
        parts: list[keras.Layer] = []
        for number in (1, 2):
            parts += [
                layers.Conv2D(
                    filters,
                    3,
                    2,
                    padding="same",
                    use_bias=False,
                    kernel_initializer="he_normal",
                    name=f"{name}_{number}_conv",
                ),
                layers.BatchNormalization(
                    momentum=0.9, epsilon=1e-5, name=f"{name}_{number}_bn"
                ),
                layers.ReLU(name=f"{name}_{number}_relu"),
            ]
        parts += [
            layers.GlobalAveragePooling2D(name=f"{name}_pool"),
            layers.Dense(
                self._classes,
                activation=self._activation,
                kernel_initializer="he_normal",
                dtype="float32",
                name=f"{name}_predictions",
            ),
        ]
        return keras.Sequential(parts, name=f"{name}_classifier")
