r"""Trains a throttled network: one model, and a dial for how much of it runs.

    python -m trainers.throttle --flagfile=trainers/flagfiles/throttle_NAME.cfg \
        --data_dir=DIR --workdir=DIR [--any_flag=...]

Afterwards it is evaluated at u = 0, 1/16, ..., 1: a table and a plot of accuracy over
what is really used, and the area under that curve, in the workdir. `--help` explains
every flag; an interrupted run continues with the same command. See
docs/how-to/throttle.md.
"""

from trainers.common import program

# TNN A.1.
DEFAULTS = {
    "dataset": "cifar10",
    "network": "cifar_resnext",
    "gating": "nested",
    "estimator": "concrete",
    "augmentation": False,
    "epochs": 310,
    "batch_size": 128,
    "learning_rate": 0.05,
    "schedule": "cosine_restarts",
    "nesterov": False,
    "weight_decay": 5e-4,
    "gate_weight_decay": "0",
}

if __name__ == "__main__":
    program.start(**DEFAULTS)
