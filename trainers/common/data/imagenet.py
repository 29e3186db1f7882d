"""ImageNet, from TFDS's record files or from one folder of images per class."""

import functools

from trainers.common.data import corrupt
from trainers.common.data import directory
from trainers.common.data import image_folder
from trainers.common.data import pipeline
from trainers.common.data import records
from trainers.common.data.dataset import Dataset
from trainers.common.errors import UserError

NAME = "imagenet2012"

# Of the RGB channels over ImageNet's training images, in 0..255. They are those of the
# common networks' preprocessing, whatever images the network is trained on.
MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


def load(settings):
    """Opens ImageNet: files are listed, images are read when batches ask for them.

    Args:
        settings: `trainers.common.settings.Settings`; used are `data_dir`, `train_dir`,
            `test_dir`, `image_size`, `seed`, `deterministic`, `shuffle_buffer`,
            `max_corrupt`, `train_examples`, `validation_examples`, `test_examples`,
            `randaugment_layers`, `randaugment_magnitude`, `mixup_alpha`,
            `cutmix_alpha` and `label_smoothing`.

    Returns:
        `trainers.common.data.dataset.Dataset`. Its labels for training are one-hot
        with MixUp, CutMix or label smoothing.

    Raises:
        UserError: files are missing, incomplete or do not fit together.
    """
    train, test = find(settings.data_dir, settings.train_dir, settings.test_dir)
    recipe = pipeline.Recipe(
        settings.image_size,
        settings.seed,
        bool(settings.deterministic),
        settings.shuffle_buffer,
        one_hot=bool(settings.label_smoothing),
        **_keras_cv(settings),
    )
    return dataset(
        _first(train, settings.train_examples),
        _first(test, settings.test_examples),
        recipe,
        settings.validation_examples or 0,
        settings.max_corrupt,
    )


def find(data_dir, train_dir=None, test_dir=None):
    """Finds the images for training and for testing.

    Args:
        data_dir: directory of TFDS data sets with `imagenet2012/` inside, whose split
            `validation` is for testing; or one with the folders `train/` and `val/`,
            which hold one folder of JPEG and PNG images per class; or None.
        train_dir: folder of the training images' classes, in place of `train/`.
        test_dir: folder of the test images' classes, in place of `val/`.

    Returns:
        Two `encoded.Encoded`.

    Raises:
        UserError: files are missing, incomplete or do not fit together.
    """
    kind, found = directory.find_images(data_dir, NAME, train_dir, test_dir)
    if kind == "records":
        return records.find(found, ("train", "validation"))
    train, test = map(image_folder.find, found)
    image_folder.check_same_classes(train, test)
    return train, test


def dataset(train, test, recipe, validation_examples=0, max_corrupt=None):
    """Describes a data set of encoded images.

    Args:
        train: `encoded.Encoded`.
        test: `encoded.Encoded` of the same classes.
        recipe: `pipeline.Recipe` of the training images.
        validation_examples: number of training images, the last ones, that are held
            out for validation.
        max_corrupt: number of images that are skipped in each split, if they cannot be
            decoded; None is one in a thousand, and at least one.

    Returns:
        `Dataset`.

    Raises:
        UserError: nothing is left to train on.
    """
    kept = train.examples - validation_examples
    if kept < 1:
        raise UserError(
            f"expected --validation_examples below the {train.examples} training "
            f"images, got {validation_examples}"
        )
    held_out = train.part(kept, train.examples)
    train = train.part(0, kept)

    def tally(split, images):
        default = corrupt.default_limit(images.examples)
        return corrupt.Tally(
            split, images, default if max_corrupt is None else max_corrupt
        )

    splits = {"training": train, "validation": held_out, "test": test}
    tallies = {split: tally(split, images) for split, images in splits.items()}

    def in_order(split):
        return functools.partial(
            pipeline.in_order, splits[split], tallies[split], recipe.image_size
        )

    return Dataset(
        name=NAME,
        labels=train.labels,
        image_shape=(recipe.image_size, recipe.image_size, 3),
        mean=MEAN,
        std=STD,
        train_examples=train.examples,
        validation_examples=held_out.examples,
        test_examples=test.examples,
        train=functools.partial(pipeline.train, train, tallies["training"], recipe),
        validation=in_order("validation"),
        test=in_order("test"),
        one_hot=recipe.one_hot or recipe.mixing is not None,
        tallies=tallies,
    )


def _keras_cv(settings):
    """What keras-cv does; it is loaded where it is asked for, which takes seconds."""
    mixed = settings.mixup_alpha or settings.cutmix_alpha
    if not (settings.randaugment_layers or mixed):
        return {}
    from trainers.common.data import augmentation

    functions = {}
    if settings.randaugment_layers:
        functions["augmentation"] = augmentation.rand_augment(
            settings.randaugment_layers, settings.randaugment_magnitude
        )
    if mixed:
        functions["mixing"] = augmentation.mixing(
            settings.mixup_alpha or 0.0, settings.cutmix_alpha or 0.0
        )
    return functions


def _first(images, count):
    return images if count is None else images.part(0, min(count, images.examples))
