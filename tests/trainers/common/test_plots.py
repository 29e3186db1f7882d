from matplotlib import image

from trainers.common import plots

GATES = [f"conv2_block{index}_gate" for index in range(1, 26)]
DENSE = [
    {"epoch": epoch, "accuracy": 0.1 * epoch, "val_accuracy": 0.1} for epoch in (1, 2)
]
GATED = [
    {**row, "activation_rate": 0.5, **{f"rate/{gate}": 0.5 for gate in GATES}}
    for row in DENSE
]


def test_gated(tmp_path):
    rates = {gate: index / 24 for index, gate in enumerate(GATES)}
    evaluation = {"threshold": {"rates": rates}, "stochastic": {"rates": rates}}
    written = plots.write(tmp_path / "plots", GATED, evaluation)
    assert [path.name for path in written] == [
        "accuracy.png",
        "activation_rates.png",
        "final_rates.png",
    ]
    for path in written:
        pixels = image.imread(path)[..., :3]
        assert min(pixels.shape[:2]) > 300
        # Readable without colour: the lightness alone has more than the background.
        assert pixels.mean(axis=-1).std() > 0.05


def test_dense_has_no_rates(tmp_path):
    written = plots.write(tmp_path, DENSE, {"dense": {"accuracy": 0.2}})
    assert [path.name for path in written] == ["accuracy.png"]
