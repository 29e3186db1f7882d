"""evaluate_throttling and its kin against counts made with NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate import tables
from tfgate.inference import throttling

IMAGES = 23
US = (0.0, 0.3, 0.5, 1.0)
COLUMNS = [
    "u",
    "policy",
    "tau",
    "accuracy",
    "top5_accuracy",
    "utilization",
    "executed_macs_mean",
    "executed_macs_share",
    "images",
]


@pytest.fixture(scope="module")
def model():
    gated = builders.tiny_model(names=("a", "b", "c", "d"))
    builders.randomize(gated)
    return tfgate.throttle(gated, "nested", seed=3)


@pytest.fixture(scope="module")
def filters():
    """Two modules of four groups, of which one is never gated."""
    inputs = keras.Input((builders.SIZE, builders.SIZE, 3))
    x, _ = tfgate.GatedFilters(
        [keras.layers.Conv2D(8, 3, name="one"), keras.layers.Conv2D(8, 3, name="two")],
        lambda components: tfgate.IndependentGate(components, seed=5, name="gate"),
        filters_per_gate=2,
        places=("inner", "output"),
        groups_always_open=1,
        residual=False,
        name="block",
    )(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(builders.CLASSES)(x)
    return tfgate.throttle(tfgate.GatedModel(inputs, outputs))


def data():
    return 10.0 * builders.make_images(IMAGES), builders.make_labels(IMAGES)


def dataset(one_hot=False):
    x, y = data()
    if one_hot:
        y = keras.utils.to_categorical(y, builders.CLASSES)
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(7)


@pytest.mark.parametrize("one_hot", [False, True])
def test_every_u_against_a_pass_of_its_own(model, one_hot):
    rows = tfgate.evaluate_throttling(model, dataset(one_hot), US)
    assert [row["u"] for row in rows] == list(US)
    x, y = data()
    for row in rows:
        assert list(row) == COLUMNS
        outputs = model.core([x, np.full(IMAGES, row["u"], "float32")], training=False)
        scores = keras.ops.convert_to_numpy(outputs["predictions"])
        z = {
            name: keras.ops.convert_to_numpy(outputs["gates"][name]["decision"])
            for name in model.gate_names
        }
        assert row["accuracy"] == pytest.approx((scores.argmax(axis=1) == y).mean())
        assert row["top5_accuracy"] == 1.0  # of three classes
        opened = np.concatenate(list(z.values()), axis=1).mean()
        assert row["utilization"] == pytest.approx(opened)
        macs = np.mean(
            [
                model.costs.count({name: own[image] for name, own in z.items()})
                for image in range(IMAGES)
            ]
        )
        assert row["executed_macs_mean"] == pytest.approx(macs, rel=1e-6)
        assert row["executed_macs_share"] == pytest.approx(macs / model.costs.dense)
        assert (row["images"], row["policy"], row["tau"]) == (IMAGES, "threshold", 0.5)
    shares = [row["utilization"] for row in rows]
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_the_us_of_the_paper_are_the_default(model):
    rows = tfgate.evaluate_throttling(model, dataset())
    assert [row["u"] for row in rows] == [step / 16 for step in range(17)]


def test_parts_that_are_never_gated_count_as_open(filters):
    assert [(m.size, m.always_open) for m in filters.modules] == [(4, 1), (4, 1)]
    rows = tfgate.evaluate_throttling(filters, dataset(), (0.0, 0.5, 1.0))
    # k = min(4, floor(5 u)), and at least 1
    assert [row["utilization"] for row in rows] == pytest.approx([0.25, 0.5, 1.0])


def test_the_dial_is_as_before(model):
    model.u = 0.375
    try:
        tfgate.evaluate_throttling(model, dataset(), (0.0, 1.0))
        assert model.u == 0.375
        x, y = data()
        with pytest.raises(ValueError, match=r"whole numbers in \[0, 3\)"):
            tfgate.evaluate_throttling(model, [(x, y + 9)], (0.0, 1.0))
        assert model.u == 0.375
    finally:
        model.u = 1.0


def test_nothing_is_traced_again(model, monkeypatch):
    calls = []
    core = model.core_class.call
    monkeypatch.setattr(
        model.core_class,
        "call",
        lambda self, *args, **kwargs: calls.append(1) or core(self, *args, **kwargs),
    )
    x, y = data()
    batches = [(x[:7], y[:7]), (x[7:14], y[7:14])]
    tfgate.evaluate_throttling(model, batches, (0.0, 0.25, 0.5, 1.0))
    assert len(calls) == 1


def test_the_policy_is_the_model_s(model):
    gated = builders.tiny_model(names=("a", "b", "c", "d"))
    independent = tfgate.throttle(gated, "independent", seed=3)
    with tfgate.use_policy(independent, tfgate.Stochastic()):
        (row,) = tfgate.evaluate_throttling(independent, dataset(), [0.3])
        rates = throttling.component_utilization(independent, dataset(), [0.3])
    assert (row["policy"], row["tau"]) == ("stochastic", None)
    # Stages of 1 and 3 blocks: k = floor(0.3 * 2) and floor(0.3 * 4).
    assert row["utilization"] == 0.25
    first, *drawn = [entry["rate"] for entry in rates]
    assert first == 0.0 and sum(drawn) == pytest.approx(1.0)
    assert 0.0 < min(drawn) and max(drawn) < 1.0
    fixed = throttling.component_utilization(independent, dataset(), [0.3])
    assert {entry["rate"] for entry in fixed} == {0.0, 1.0}


def test_rates_of_components(model):
    rows = throttling.component_utilization(model, dataset(), US)
    assert len(rows) == len(US) * 4
    assert [row["component"] for row in rows[:4]] == [0, 1, 2, 3]
    assert len({row["module"] for row in rows}) == len(model.modules)
    table = tfgate.evaluate_throttling(model, dataset(), US)
    for index, row in enumerate(table):
        own = [entry["rate"] for entry in rows[4 * index : 4 * index + 4]]
        assert {entry["u"] for entry in rows[4 * index : 4 * index + 4]} == {row["u"]}
        assert np.mean(own) == pytest.approx(row["utilization"])


@pytest.mark.parametrize("us", [(0.5, 1.5), (float("nan"),), (), ("a",)])
def test_controls_out_of_their_range(model, us):
    with pytest.raises(ValueError, match="Expected (u|at least one value of u)"):
        tfgate.evaluate_throttling(model, dataset(), us)


def test_what_cannot_be_measured(model):
    with pytest.raises(ValueError, match="Expected a tfgate.ThrottledModel"):
        tfgate.evaluate_throttling(builders.tiny_model(), dataset())
    x, y = data()
    with pytest.raises(ValueError, match="images alone, whose u is the dial's"):
        tfgate.evaluate_throttling(model, [((x, np.ones(IMAGES)), y)])
    with pytest.raises(ValueError, match="at least one batch"):
        tfgate.evaluate_throttling(model, [])


def test_rows_are_a_table_to_choose_from(model, tmp_path):
    rows = tfgate.evaluate_throttling(model, dataset(), US)
    tables.write_csv(tmp_path / "curve.csv", rows)
    assert tables.read_csv(tmp_path / "curve.csv") == rows
    least = min(row["executed_macs_mean"] for row in rows)
    chosen = tfgate.choose_operating_point(rows, max_macs=least)
    assert chosen["u"] == 0.0


def points(*pairs, x="utilization"):
    column = throttling.AXES[x]
    return [{column: place, "accuracy": accuracy} for place, accuracy in pairs]


class TestArea:
    @pytest.mark.parametrize(
        ("pairs", "expected"),
        [
            ([(0.0, 0.2), (1.0, 0.8)], 0.5),
            ([(1.0, 0.8), (0.0, 0.2)], 0.5),  # in any order
            ([(0.5, 0.6)], 0.6),  # held constant on both sides
            ([(0.25, 0.4), (0.75, 0.8)], 0.25 * 0.4 + 0.5 * 0.6 + 0.25 * 0.8),
            ([(0.5, 0.2), (0.5, 0.6)], 0.4),  # points of one place
            ([(0.0, 0.0), (2.0, 1.0)], 0.25),  # what lies beyond 1
            ([(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)], 0.5),
        ],
    )
    @pytest.mark.parametrize("x", ["utilization", "macs"])
    def test_closed_forms(self, pairs, expected, x):
        found = tfgate.area_under_curve(points(*pairs, x=x), x)
        assert found == pytest.approx(expected)

    def test_against_a_fine_sum(self):
        generator = np.random.default_rng(0)
        pairs = generator.uniform(0.0, 1.0, (9, 2)).tolist()
        places, accuracies = np.array(sorted(pairs)).T
        middles = (np.arange(200_000) + 0.5) / 200_000
        expected = np.interp(middles, places, accuracies).mean()
        found = tfgate.area_under_curve(points(*pairs))
        assert found == pytest.approx(expected, abs=1e-8)

    def test_what_is_missing(self):
        with pytest.raises(ValueError, match="Expected x to be one of"):
            tfgate.area_under_curve(points((0.5, 0.5)), "u")
        with pytest.raises(ValueError, match="at least one row"):
            tfgate.area_under_curve([])
        with pytest.raises(ValueError, match=r"\['executed_macs_share'\].* row 0"):
            tfgate.area_under_curve(points((0.5, 0.5)), "macs")
