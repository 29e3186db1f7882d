"""Trains a gated or dense ResNet on scikit-learn's handwritten digits.

    python -m trainers.digits --workdir=DIR [--any_flag=...]

Takes a minute or two on two cores and needs no data files. `--helpfull` explains every
flag. An interrupted run continues with the same command.
"""

from trainers.common import program

if __name__ == "__main__":
    program.start(dataset="digits", epochs=20, batch_size=64, warmup_epochs=1.0)
