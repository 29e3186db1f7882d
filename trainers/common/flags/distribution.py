"""Flags of the devices and processes that share a run, and of its checkpoints."""

from absl import flags

STRATEGIES = ("auto", "one", "mirrored", "multi_worker")


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_enum(
        "strategy",
        "auto",
        STRATEGIES,
        "Who shares a batch: one device; mirrored, all GPUs of this host; "
        "multi_worker, the hosts that TF_CONFIG names. auto: multi_worker where "
        "TF_CONFIG names several, mirrored where there are several GPUs (or "
        "--logical_cpus), else one.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "logical_cpus",
        0,
        "For tests: cut the CPU into N devices, which then stand in for GPUs. 0: do "
        "not.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "peer_timeout",
        300,
        "Seconds to wait for the other hosts of TF_CONFIG.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "sync_batch_norm",
        False,
        "Batch norm over the images of all devices together, not of each by itself.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "checkpoint_every_steps",
        0,
        "Training steps from one checkpoint to the next within an epoch; there is one "
        "after each epoch in any case. 0: no others.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "keep_checkpoints",
        2,
        "How many of the newest checkpoints to keep, beside that of the epoch with the "
        "highest test accuracy.",
        lower_bound=1,
        flag_values=values,
    )
