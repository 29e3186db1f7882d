"""Small images on the disk, as a folder per class and as TFDS record files."""

import json

import numpy as np
import tensorflow as tf

LABELS = ("ant", "bee", "cat")


def picture(number, height=40, width=56):
    """A smooth image, so that JPEG keeps it, of colours that tell it from others."""
    generator = np.random.default_rng(number)
    coarse = generator.uniform(0.0, 255.0, (1, 4, 4, 3)).astype("float32")
    pixels = tf.image.resize(coarse, (height, width), "bicubic")[0]
    return tf.cast(tf.clip_by_value(pixels, 0.0, 255.0), tf.uint8)


def jpeg(number, **size):
    return tf.io.encode_jpeg(picture(number, **size), quality=95).numpy()


def png(number, **size):
    return tf.io.encode_png(picture(number, **size)).numpy()


def write_folder(root, encoded, suffix=".jpeg", labels=LABELS):
    """Writes images into one folder per class, class by class in turn."""
    for number, content in enumerate(encoded):
        folder = root / labels[number % len(labels)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:03d}{suffix}").write_bytes(content)
    return root


def write_records(data_dir, splits, labels=LABELS, files=2):
    """Writes splits, name -> encoded images, as TFDS writes imagenet2012."""
    folder = data_dir / "imagenet2012" / "5.1.0"
    folder.mkdir(parents=True)
    described = []
    for split, encoded in splits.items():
        numbers = np.array_split(np.arange(len(encoded)), files)
        size = 0
        for file, members in enumerate(numbers):
            name = f"imagenet2012-{split}.tfrecord-{file:05d}-of-{files:05d}"
            with tf.io.TFRecordWriter(str(folder / name)) as writer:
                for number in members:
                    record = _record(encoded[number], number % len(labels), number)
                    writer.write(record)
                    size += len(record)
        described.append(
            {
                "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
                "name": split,
                "numBytes": str(size),
                "shardLengths": [str(len(members)) for members in numbers],
            }
        )
    _write_descriptions(folder, described, labels)
    return data_dir


def _record(image, label, number):
    features = {
        "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image])),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        "file_name": tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[b"%d.JPEG" % number])
        ),
    }
    return tf.train.Example(
        features=tf.train.Features(feature=features)
    ).SerializeToString()


def _write_descriptions(folder, splits, labels):
    info = {
        "fileFormat": "tfrecord",
        "moduleName": "tensorflow_datasets.core.dataset_builders.adhoc_builder",
        "name": "imagenet2012",
        "splits": splits,
        "version": "5.1.0",
    }
    core = "tensorflow_datasets.core.features."
    image = {"dtype": "uint8", "encodingFormat": "jpeg"}
    image["shape"] = {"dimensions": ["-1", "-1", "3"]}
    features = {
        "pythonClassName": f"{core}features_dict.FeaturesDict",
        "featuresDict": {
            "features": {
                "file_name": {
                    "pythonClassName": f"{core}text_feature.Text",
                    "text": {},
                },
                "image": {
                    "pythonClassName": f"{core}image_feature.Image",
                    "image": image,
                },
                "label": {
                    "pythonClassName": f"{core}class_label_feature.ClassLabel",
                    "classLabel": {"numClasses": str(len(labels))},
                },
            }
        },
    }
    (folder / "dataset_info.json").write_text(json.dumps(info))
    (folder / "features.json").write_text(json.dumps(features))
    (folder / "label.labels.txt").write_text("\n".join(labels) + "\n")
