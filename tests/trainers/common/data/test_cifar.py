import numpy as np

from tests.trainers.builders import toy_settings
from trainers.common import data


def test_reads_cifar_10(data_dir):
    settings = toy_settings(
        dataset="cifar10", data_dir=data_dir, train_examples=300, test_examples=50
    )
    loaded = data.load(settings)
    assert loaded.name == "cifar10"
    assert loaded.labels[0] == "airplane" and len(loaded.labels) == 10
    assert loaded.image_shape == (32, 32, 3)
    assert (loaded.train_examples, loaded.test_examples) == (300, 50)
    assert all(90.0 < mean < 150.0 for mean in loaded.mean)
    images, labels = next(iter(loaded.test(50)))
    assert images.numpy().max() > 200.0 and images.numpy().min() >= 0.0
    assert len(np.unique(labels)) == 10
    plain = toy_settings(
        dataset="cifar10",
        data_dir=data_dir,
        train_examples=300,
        test_examples=50,
        augmentation=False,
    )
    epochs = [next(iter(data.load(plain).train(epoch, 300)))[0] for epoch in (0, 1)]
    first, second = ({image.tobytes() for image in each.numpy()} for each in epochs)
    assert first == second and len(first) == 300  # another order alone
    trained = np.concatenate([y for _, y in loaded.train(0, 128).as_numpy_iterator()])
    assert len(trained) == 300
