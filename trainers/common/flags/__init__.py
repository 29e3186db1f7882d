"""The flags of all training programs, defined once, a file for each group.

Nothing here imports TensorFlow, so that a wrong flag is reported at once.
"""

from absl import flags

from trainers.common.flags import data
from trainers.common.flags import distribution
from trainers.common.flags import evaluation
from trainers.common.flags import exits
from trainers.common.flags import files
from trainers.common.flags import gate_losses
from trainers.common.flags import gates
from trainers.common.flags import network
from trainers.common.flags import plan
from trainers.common.flags import throttling
from trainers.common.flags import training

_GROUPS = (
    files,
    network,
    gates,
    exits,
    gate_losses,
    throttling,
    data,
    training,
    distribution,
    evaluation,
    plan,
)


def define(flag_values=flags.FLAGS, **defaults):
    """Defines the flags.

    Args:
        flag_values: where to define them.
        **defaults: a program's own defaults, by flag name.
    """
    for group in _GROUPS:
        group.define(flag_values)
    for name, value in defaults.items():
        flag_values.set_default(name, value)


def defined(flag_values=flags.FLAGS):
    """The flags that `define` has defined, as absl's `Flag` objects."""
    return [
        flag
        for group in _GROUPS
        for flag in flag_values.get_flags_for_module(group.__name__)
    ]
