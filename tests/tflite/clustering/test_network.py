import numpy as np
import pytest

import tfgate
from tflite import clustering


@pytest.fixture(scope="module")
def model():
    return tfgate.applications.CifarResNet(
        8, (16, 16, 3), gate="dependent", granularity="bas"
    )


def decisions(model, images=60):
    """Even components open for the first half of the images, odd ones for the rest."""
    half = np.arange(images)[:, None] < images // 2
    return {g.name: half == (np.arange(g.components) % 2 == 0) for g in model.gates}


def test_clusters_of_all_blocks(model):
    found = clustering.of_network(model, decisions(model), 8, 0.0)
    assert list(found.sites) == [block.name for block in model.blocks]
    for sites in found.sites.values():
        for members in sites["inner1"].clusters:
            assert len({c % 2 for c in members}) == 1 and len(members) >= 8
    line = found.describe()
    # Half of the filters run, where neighbours would run all of them.
    assert "original order" in line and "(2.000 times)" in line


def test_networks_without_gated_filters():
    model = tfgate.applications.CifarResNet(8, (16, 16, 3), gate="dependent")
    found = clustering.of_network(model, decisions(model), 8, 0.0)
    assert found.sites == {} and "nothing to cluster" in found.describe()
