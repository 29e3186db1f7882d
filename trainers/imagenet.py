r"""Trains a gated or dense network on ImageNet, or on any folders of images.

    python -m trainers.imagenet --data_dir=DIR --workdir=DIR \
        [--flagfile=trainers/flagfiles/NAME.cfg] [--any_flag=...]

DIR holds `imagenet2012/` in TFDS's format, or the folders `train/` and `val/` with one
folder of JPEG or PNG images per class. `--help` explains every flag; an interrupted run
continues with the same command. See docs/how-to/train-on-imagenet.md.
"""

from trainers.common import program

# PG 4.1.1 and CS 4.1, where they name a number; theirs start from a trained network.
DEFAULTS = {
    "dataset": "imagenet2012",
    "network": "resnet50",
    "epochs": 100,
    "batch_size": 256,
    "learning_rate": 0.1,
    "schedule": "step",
    "step_epochs": "30,60,90",
    "step_factor": 0.1,
    "momentum": 0.9,
    "nesterov": False,
    "weight_decay": 1e-4,
    "evaluation_batch_size": 100,
    "recalibrate_steps": 200,
    # "A large batch size": one device holds it, as nothing is kept for gradients.
    "recalibrate_batch_size": 256,
}

if __name__ == "__main__":
    program.start(**DEFAULTS)
