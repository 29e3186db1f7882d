"""The flag of the gate losses."""

from absl import flags

from trainers.common import expressions
from trainers.common.flags import parsers


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE(
        parsers.GateLosses(),
        "gate_loss",
        "per_batch(0.6)",
        "What the decisions should look like: per_batch (PG: the mean over batch and "
        "gates is the target), per_gate (AIG: the mean over the batch of each gate is "
        "its target), const_quad (PG S2.2: no penalty below the target), macs (CS: "
        "executed MACs are the target's share of the dense network's), batch_shaping "
        "(BAS: the probabilities of each gate follow a prior), l0 (BAS: few gates "
        "open), polarization (probabilities near 0 and 1). A target or coefficient is "
        f"{expressions.SCHEDULE_HELP}. A prior is one of "
        f"{', '.join(expressions.PRIORS)}.",
        flag_values=values,
    )
