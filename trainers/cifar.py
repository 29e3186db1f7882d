r"""Trains a gated or dense ResNet on CIFAR-10.

    python -m trainers.cifar --flagfile=trainers/flagfiles/NAME.cfg \
        --data_dir=DIR --workdir=DIR [--any_flag=...]

`--help` explains every flag. An interrupted run continues with the same command.
"""

from trainers.common import program

if __name__ == "__main__":
    program.start(dataset="cifar10")
