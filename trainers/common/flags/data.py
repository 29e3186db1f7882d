"""Flags of the data set."""

from absl import flags

DATASETS = ("cifar10", "digits", "imagenet2012")


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_enum(
        "dataset",
        "cifar10",
        DATASETS,
        "Data set to train on. imagenet2012 is any set of JPEG or PNG images, in "
        "TFDS's record files or in one folder per class.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "train_examples",
        None,
        "For quick tests: train on the first N images only. Default: all.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "validation_examples",
        0,
        "Training images, the last ones, that are held out: for choosing a threshold "
        "with --evaluate_only --split=validation.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "test_examples",
        None,
        "For quick tests: evaluate the first N images only. Default: all.",
        lower_bound=1,
        flag_values=values,
    )
    _define_images(values)
    _define_augmentation(values)


def _define_images(values):
    """Flags of images that are read from the disk batch by batch."""
    flags.DEFINE_string(
        "train_dir",
        None,
        "With --dataset=imagenet2012: folder of the training images, which holds one "
        "folder per class. Default: train/ in --data_dir.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "test_dir",
        None,
        "With --dataset=imagenet2012: folder of the test images, with the same "
        "classes. Default: val/ or validation/ in --data_dir.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "image_size",
        224,
        "With --dataset=imagenet2012: height and width of the network's input in "
        "pixels. Test images are resized to 8/7 of it (256 for 224) on their shorter "
        "side, and their centre is cut out.",
        lower_bound=8,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "shuffle_buffer",
        8192,
        "With --dataset=imagenet2012: encoded images in memory (about 110 KB each) out "
        "of which the next is drawn. For record files; folders are shuffled as a "
        "whole.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "max_corrupt",
        None,
        "With --dataset=imagenet2012: images of each split that may be unreadable, and "
        "are left out; one more ends the run. Default: one in 1,000, at least 1.",
        lower_bound=0,
        flag_values=values,
    )


def _define_augmentation(values):
    """Flags of what is done to training images."""
    flags.DEFINE_bool(
        "augmentation",
        True,
        "With --dataset=cifar10 or digits: padding and a random crop of every training "
        "image; those of cifar10 are mirrored at random, too. --noaugmentation: as "
        "they are (TNN).",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "randaugment_layers",
        0,
        "With --dataset=imagenet2012: operations of RandAugment on every training "
        "image (Cubuk et al. 2020). 0: none.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_float(
        "randaugment_magnitude",
        0.5,
        "With --randaugment_layers: strength of these operations, in [0, 1].",
        lower_bound=0.0,
        upper_bound=1.0,
        flag_values=values,
    )
    flags.DEFINE_float(
        "mixup_alpha",
        0.0,
        "With --dataset=imagenet2012: MixUp of each training batch (Zhang et al. 2018) "
        "with shares from Beta(alpha, alpha). 0: none.",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE_float(
        "cutmix_alpha",
        0.0,
        "With --dataset=imagenet2012: CutMix of each training batch (Yun et al. 2019), "
        "areas from Beta(alpha, alpha). 0: none. With --mixup_alpha: each batch gets "
        "one of them, drawn at random.",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE_float(
        "label_smoothing",
        0.0,
        "With --dataset=imagenet2012: share of every label that is spread evenly over "
        "the classes, in [0, 1), in val_loss too. 0: none.",
        lower_bound=0.0,
        upper_bound=1 - 1e-6,
        flag_values=values,
    )
