"""Trains a gated or dense ResNet on scikit-learn's handwritten digits.

    python -m trainers.digits --workdir=DIR [--any_flag=...]

Takes a minute or two on two cores and needs no data files. `--help` explains every
flag. An interrupted run continues with the same command.
"""

from trainers.common import program

DEFAULTS = {
    "dataset": "digits",
    "epochs": 15,
    "batch_size": 64,
    "warmup_epochs": 1.0,
    # So few steps reach a target only if its loss weighs more than in the papers.
    "gate_loss": "per_batch(0.6, coefficient=5)",
}

if __name__ == "__main__":
    program.start(**DEFAULTS)
