"""GatePass: numbers against loops, and the way to a file and back."""

import dataclasses

import numpy as np
import pytest

from tests.tfgate.analysis import builders
from tfgate.analysis import GatePass
from tfgate.analysis import gate_pass as module


@pytest.fixture(scope="module", params=[(1, 1, 1), (1, 3, 2), (9,)], ids=str)
def gate_pass(request):
    return builders.gate_pass(components=request.param)


def test_columns_and_names():
    gate_pass = builders.gate_pass(components=(1, 3, 2))
    assert gate_pass.columns("block1_gate") == slice(1, 4)
    assert gate_pass.component_names == [
        "block0_gate",
        "block1_gate[0]",
        "block1_gate[1]",
        "block1_gate[2]",
        "block2_gate[0]",
        "block2_gate[1]",
    ]
    with pytest.raises(ValueError, match="Expected a gate among .*, got 'block9'"):
        gate_pass.columns("block9")


def test_rates(gate_pass):
    rates = gate_pass.gate_rates()
    assert list(rates) == list(gate_pass.gate_names)
    start = 0
    for rate, count in zip(rates.values(), gate_pass.components, strict=True):
        part = gate_pass.decisions[:, start : start + count]
        assert rate == pytest.approx(part.sum() / part.size)
        start += count
    assert gate_pass.component_rates()[0] == 1.0


def test_class_rates(gate_pass):
    numbers, rates = gate_pass.class_rates()
    for number, line in zip(numbers, rates, strict=True):
        own = [
            decision
            for decision, label in zip(
                gate_pass.decisions, gate_pass.labels, strict=True
            )
            if label == number
        ]
        np.testing.assert_allclose(line, np.mean(own, axis=0))


def test_classes_without_images_are_left_out():
    gate_pass = builders.gate_pass(images=1, classes=4)
    numbers, rates = gate_pass.class_rates()
    assert numbers.tolist() == gate_pass.labels.tolist()
    np.testing.assert_array_equal(rates, gate_pass.decisions)


def test_states_at_99_percent():
    opened = np.array([0, 1, 2, 50, 197, 198, 199, 200])
    decisions = np.arange(200)[:, None] < opened
    gate_pass = dataclasses.replace(
        builders.gate_pass(components=(8,), images=200), decisions=decisions
    )
    # Exactly 99 % is not yet always.
    assert (
        gate_pass.states()
        == ["always off"] * 2 + ["conditional"] * 4 + ["always on"] * 2
    )


def test_label_and_accuracy():
    gate_pass = builders.gate_pass()
    assert gate_pass.label == "threshold 0.5"
    assert builders.gate_pass(policy="always_open", tau=None).label == "always open"
    correct = sum(gate_pass.labels == gate_pass.predictions)
    assert gate_pass.accuracy == correct / 40


def test_round_trip(gate_pass, tmp_path):
    gate_pass.save(tmp_path / "gates.npz")
    loaded = GatePass.load(tmp_path / "gates.npz")
    for field in dataclasses.fields(GatePass):
        before, after = getattr(gate_pass, field.name), getattr(loaded, field.name)
        np.testing.assert_array_equal(before, after)
        assert type(before) is type(after)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype
    assert [path.name for path in tmp_path.iterdir()] == ["gates.npz"]


def test_round_trip_without_tau_and_thumbnails(tmp_path):
    gate_pass = builders.gate_pass(policy="stochastic", tau=None, thumbnails=0)
    gate_pass.save(tmp_path / "any.name")
    loaded = GatePass.load(tmp_path / "any.name")
    assert loaded.tau is None
    assert loaded.thumbnails.shape == (0, *builders.IMAGE)


def test_decisions_take_a_bit_each(tmp_path):
    gate_pass = builders.gate_pass(components=(800,), images=500, thumbnails=0)
    noise = np.random.default_rng(0).uniform(size=(500, 800)) < 0.5
    constant = np.zeros((500, 800), "float16")
    dataclasses.replace(gate_pass, decisions=noise, probabilities=constant).save(
        tmp_path / "gates.npz"
    )
    assert (tmp_path / "gates.npz").stat().st_size < 500 * 800 / 8 + 20_000


def test_a_file_there_before_survives_an_error(tmp_path):
    path = tmp_path / "gates.npz"
    gate_pass = builders.gate_pass()
    gate_pass.save(path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        dataclasses.replace(gate_pass, tau=object()).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def cut(data):
    return data[: len(data) // 2]


def flipped(data):
    middle = len(data) // 2
    return (
        data[:middle]
        + bytes(b ^ 0xFF for b in data[middle : middle + 64])
        + (data[middle + 64 :])
    )


@pytest.mark.parametrize(
    "damage", [cut, flipped, lambda data: b"", lambda data: b"PK\x03\x04 no zip"]
)
def test_damaged_file(tmp_path, damage):
    path = tmp_path / "gates.npz"
    builders.gate_pass(components=(64,), images=300).save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="gates.npz to be a whole file .* record it"):
        GatePass.load(path)


def test_file_of_something_else(tmp_path):
    np.savez(tmp_path / "gates.npz", labels=np.zeros(3))
    with pytest.raises(ValueError, match="whole file written by GatePass.save"):
        GatePass.load(tmp_path / "gates.npz")


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": np.zeros(3, "int32")},
        {"component_macs": np.ones(2)},
        {"components": (1, 3)},
        {"gate_names": ("a",)},
        {"probabilities": np.ones((40, 5), "float16")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_arrays_that_do_not_belong_together(tmp_path, changes):
    gate_pass = dataclasses.replace(builders.gate_pass(), **changes)
    gate_pass.save(tmp_path / "gates.npz")
    with pytest.raises(ValueError, match="whole file written by GatePass.save"):
        GatePass.load(tmp_path / "gates.npz")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        GatePass.load(tmp_path / "gates.npz")


def test_comparable():
    one = builders.gate_pass()
    module.check_comparable([one, builders.gate_pass(tau=0.3)])
    with pytest.raises(ValueError, match="at least one"):
        module.check_comparable([])
    with pytest.raises(ValueError, match="different policies, got .*threshold 0.5"):
        module.check_comparable([one, builders.gate_pass(seed=1)])
    with pytest.raises(ValueError, match="the same gates"):
        module.check_comparable([one, builders.gate_pass((1, 2), tau=0.3)])
