"""Names for the types in this package's annotations.

Keras and TensorFlow carry no type information: a type checker takes everything of
theirs for `Any`, so these names are for the reader.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

Tensor = Any  # a tensor, KerasTensor or array
TensorTree = Any  # a Tensor, or a structure of them; a batch of a data set

Shape = tuple[int | None, ...]  # (batch, ...), None where unknown
Activation = str | Callable[[Tensor], Tensor]
Config = dict[str, Any]  # what get_config() returns and from_config() takes

GateOutputs = Mapping[str, Tensor]  # logits, probability, decision
GatesOutputs = Mapping[str, GateOutputs]  # gate name -> outputs, in network order
