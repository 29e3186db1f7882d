"""calibrate: what u really reaches, counted anew from the decisions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate import exit_networks
from tests.tfgate.throttling import networks
from tfgate.throttling import calibrate

KINDS = ["threshold", "order"]
BATCHES = [builders.make_images(16, seed) for seed in range(3)]
IMAGES = np.concatenate(BATCHES)
FEW = [0.25, 0.5, 0.75]


def by_image():
    """A network whose gates open for some images, and close for others."""
    return builders.per_image_model()


def polarized():
    """Gates that are the same for all images; of equal ones the costs differ."""
    model = builders.tiny_model(gate=tfgate.IndependentGate)
    builders.randomize(model)
    for gate, p in zip(model.gates, (0.999, 0.01, 0.999), strict=True):
        builders.set_open_probability(gate, p)
    return model


def executed(model, policy, images=IMAGES):
    """Mean MACs, image by image from the decisions, by `ModelCosts.count`."""
    with tfgate.use_policy(model, policy):
        decisions = builders.decisions(model, images)
    counts = [
        model.costs.count({name: z[index] for name, z in decisions.items()})
        for index in range(len(images))
    ]
    return np.mean(counts)


def target(model, u):
    costs = model.costs
    return costs.all_closed + u * (costs.all_open - costs.all_closed)


@pytest.fixture(scope="module")
def calibrated():
    """A network and its policies, of 17 values of u each."""
    keras.utils.set_random_seed(1)
    model = by_image()
    return model, {kind: calibrate(model, BATCHES, kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_table_says_what_u_reaches(self, calibrated, kind):
        model, policies = calibrated
        policy = policies[kind]
        assert [row["u"] for row in policy.table] == [i / 16 for i in range(17)]
        span = model.costs.all_open - model.costs.all_closed
        for row in policy.table[::4]:
            macs = executed(model, policy.at(row["u"]))
            assert row["executed_macs"] == pytest.approx(macs, rel=1e-6)
            share = (macs - model.costs.all_closed) / span
            assert row["share"] == pytest.approx(share, abs=1e-6)
            assert policy.at(row["u"]).tau == row["tau"]

    def test_macs_rise_with_u(self, calibrated, kind):
        _, policies = calibrated
        table = policies[kind].table
        assert (np.diff([row["executed_macs"] for row in table]) >= 0.0).all()
        assert (np.diff([row["tau"] for row in table]) <= 0.0).all()
        assert len({row["executed_macs"] for row in table}) >= 4

    def test_ends_are_all_closed_and_all_open(self, calibrated, kind):
        model, policies = calibrated
        others = 100.0 * builders.make_images(8, seed=9)  # of another distribution
        for u, opened in ((0.0, 0.0), (1.0, 1.0)):
            with tfgate.use_policy(model, policies[kind].at(u)):
                for z in builders.decisions(model, others).values():
                    np.testing.assert_array_equal(z, opened)

    def test_starts_wide_open(self, calibrated, kind):
        model, policies = calibrated
        assert policies[kind].u == 1.0 and policies[kind].kind == kind
        with tfgate.use_policy(model, tfgate.AlwaysOpen()):
            expected = builders.predict(model, IMAGES)
        with tfgate.use_policy(model, policies[kind]):
            np.testing.assert_array_equal(builders.predict(model, IMAGES), expected)

    def test_model_keeps_its_policy(self, kind):
        model = polarized()
        model.policy = tfgate.Threshold(0.3)
        calibrate(model, BATCHES, kind, FEW)
        assert model.policy == tfgate.Threshold(0.3)
        assert float(model.gates[0].tau.numpy()) == np.float32(0.3)

    def test_dialling_retraces_nothing(self, calibrated, kind):
        model, policies = calibrated
        policy, traces, found = policies[kind], [], set()
        model.policy = policy
        model.predict(IMAGES, verbose=0)
        function = model.predict_function
        for u in (0.0, 0.3, 0.5, 0.8, 1.0):
            model.policy = policy.at(u)
            found.add(model.predict(IMAGES, verbose=0).tobytes())
            assert model.predict_function is function
            traces.append(function.experimental_get_tracing_count())
        assert len(set(traces)) == 1 and len(found) >= 3

    def test_saving(self, calibrated, kind, tmp_path):
        model, policies = calibrated
        with tfgate.use_policy(model, policies[kind].at(0.4)):
            model.save(tmp_path / "model.keras")
            expected = builders.decisions(model, IMAGES)
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.policy == policies[kind].at(0.4)
        assert loaded.policy.table == policies[kind].table
        for name, z in builders.decisions(loaded, IMAGES).items():
            np.testing.assert_array_equal(z, expected[name])
        loaded.policy = loaded.policy.at(1.0)
        for z in builders.decisions(loaded, IMAGES).values():
            np.testing.assert_array_equal(z, 1.0)

    def test_us_of_ones_own(self, calibrated, kind):
        model, _ = calibrated
        policy = calibrate(model, BATCHES, kind, [0.9, 0.1, 0.9])
        assert [row["u"] for row in policy.table] == [0.0, 0.1, 0.9, 1.0]

    def test_labels_do_not_matter(self, kind):
        model = polarized()
        labelled = [(x, builders.make_labels(len(x))) for x in BATCHES]
        dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(16)
        policies = [
            calibrate(model, data, kind, FEW) for data in (BATCHES, labelled, dataset)
        ]
        assert policies[0] == policies[1] == policies[2]

    def test_empty_data_set(self, calibrated, kind):
        with pytest.raises(ValueError, match="Expected dataset to give batches"):
            calibrate(calibrated[0], [], kind)

    def test_endless_data_set(self, calibrated, kind):
        endless = tf.data.Dataset.from_tensors(BATCHES[0]).repeat()
        with pytest.raises(ValueError, match="Expected dataset to end"):
            calibrate(calibrated[0], endless, kind)


class TestThreshold:
    def test_meets_the_share_as_near_as_images_allow(self, calibrated):
        """One gate of one image is the smallest step that there is."""
        model, policies = calibrated
        largest = max(float(macs.max()) for macs in model.costs.components.values())
        span = model.costs.all_open - model.costs.all_closed
        for row in policies["threshold"].table:
            miss = abs(row["executed_macs"] - target(model, row["u"]))
            assert miss <= 0.005 * span + largest / len(IMAGES)

    def test_images_differ_in_what_they_run(self, calibrated):
        model, policies = calibrated
        with tfgate.use_policy(model, policies["threshold"].at(0.5)):
            decisions = np.hstack([*builders.decisions(model, IMAGES).values()])
        assert len(np.unique(decisions, axis=0)) > 1

    def test_decides_as_a_threshold(self, calibrated):
        model, policies = calibrated
        policy = policies["threshold"].at(0.5)
        with tfgate.use_policy(model, tfgate.Threshold(policy.tau)):
            expected = builders.decisions(model, IMAGES)
        with tfgate.use_policy(model, policy):
            for name, z in builders.decisions(model, IMAGES).items():
                np.testing.assert_array_equal(z, expected[name])

    def test_polarized_gates_jump(self):
        """The nearest of what can be reached; the table says what that is."""
        model = polarized()
        table = calibrate(model, BATCHES, us=FEW).table
        two = executed(model, tfgate.Threshold(0.5))
        reachable = [model.costs.all_closed, two, model.costs.all_open]
        for row in table:
            misses = [abs(macs - target(model, row["u"])) for macs in reachable]
            nearest = reachable[int(np.argmin(misses))]
            assert row["executed_macs"] == pytest.approx(nearest, rel=1e-6)

    def test_between_the_rows(self, calibrated):
        model, policies = calibrated
        policy = policies["threshold"]
        low, high = policy.table[5], policy.table[6]
        macs = executed(model, policy.at((low["u"] + high["u"]) / 2.0))
        slack = 1e-6 * macs
        assert low["executed_macs"] - slack <= macs <= high["executed_macs"] + slack

    def test_early_exits(self):
        model = exit_networks.exit_model()
        builders.randomize(model)
        size = exit_networks.SIZE
        images = np.random.default_rng(0).normal(size=(24, size, size, 3))
        policy = calibrate(model, [images.astype("float32")], us=[0.5])
        costs = model.costs
        reached = [row["executed_macs"] for row in policy.table]
        assert reached[0] == costs.all_closed and reached[-1] == costs.all_open
        assert reached[0] < reached[1] < reached[-1]

    def test_smaller_tolerance_is_nearer(self, calibrated):
        model, _ = calibrated
        rows = [
            calibrate(model, BATCHES, us=[0.4], tolerance=tolerance).table[1]
            for tolerance in (0.5, 0.001)
        ]
        misses = [abs(row["executed_macs"] - target(model, 0.4)) for row in rows]
        assert misses[1] <= misses[0]

    def test_generator_is_gone_after_one_pass(self, calibrated):
        with pytest.raises(ValueError, match="whenever it is gone through"):
            calibrate(calibrated[0], (x for x in BATCHES), us=[0.3, 0.6])


class TestOrder:
    def test_opens_by_mean_probability(self, calibrated):
        model, policies = calibrated
        with tfgate.use_policy(model, tfgate.Threshold()):
            gates = model.core(IMAGES, training=False)["gates"]
        means = {n: networks.array(g["probability"]).mean(0) for n, g in gates.items()}
        expected = sorted(means, key=lambda name: -means[name])
        order = policies["order"].order
        assert sorted(order, key=lambda name: order[name]) == expected

    def test_of_equals_the_cheapest_comes_first(self):
        model = polarized()
        macs = {name: m[0] for name, m in model.costs.components.items()}
        assert macs["first"] > macs["third"]
        order = calibrate(model, BATCHES, "order").order
        assert order == {"third": (0,), "first": (1,), "second": (2,)}

    def test_opens_as_many_as_it_takes(self, calibrated):
        """The last one that was opened was needed to reach the share."""
        model, policies = calibrated
        order = policies["order"].order
        names = sorted(order, key=lambda name: order[name])
        for row in policies["order"].table:
            opened = round(3 * (1.0 - row["tau"]))
            assert row["executed_macs"] >= target(model, row["u"]) - 1e-6
            if 0.0 < row["u"] < 1.0:
                fewer = {n: [float(n in names[: opened - 1])] for n in names}
                assert model.costs.count(fewer) < target(model, row["u"])

    def test_all_images_run_the_same(self, calibrated):
        model, policies = calibrated
        for u in FEW:
            with tfgate.use_policy(model, policies["order"].at(u)):
                decisions = np.hstack([*builders.decisions(model, IMAGES).values()])
            assert len(np.unique(decisions, axis=0)) == 1

    @pytest.mark.parametrize("make", [networks.vgg, networks.resnext])
    def test_components_of_filters(self, make):
        model = networks.gated(make)
        images = networks.images(4)
        policy = calibrate(model, [images], "order")
        places = np.concatenate([*policy.order.values()])
        assert sorted(places) == list(range(len(places)))
        table = policy.table
        assert (np.diff([row["executed_macs"] for row in table]) >= 0).all()
        largest = max(float(macs.max()) for macs in model.costs.components.values())
        for row in table[::4]:
            macs = executed(model, policy.at(row["u"]), images)
            assert row["executed_macs"] == pytest.approx(macs, rel=1e-6)
            assert 0.0 <= macs - target(model, row["u"]) + 1e-6 <= largest + 1e-6

    def test_generator_is_enough(self):
        model = polarized()
        policy = calibrate(model, (x for x in BATCHES), "order")
        assert policy == calibrate(model, BATCHES, "order")

    def test_another_order_renews_compiled_functions(self):
        """The order is a constant of the graph; a stale one would go unnoticed."""
        model = polarized()
        policy = calibrate(model, BATCHES, "order")
        turned = {
            name: [2 - place for place in own] for name, own in policy.order.items()
        }
        images = networks.images()
        found = []
        for order in (policy.order, turned):
            model.policy = tfgate.Throttle(policy.table, order, u=0.3)
            predicted = model.predict(images, verbose=0)
            np.testing.assert_allclose(
                predicted, builders.predict(model, images), rtol=1e-5
            )
            found.append(predicted)
        assert (found[0] != found[1]).any()

    def test_tables_of_policies(self):
        model = polarized()
        policy = calibrate(model, BATCHES, "order")
        turned = {"first": [0], "third": [1], "second": [2]}
        candidates = [
            policy.at(0.1),
            tfgate.Throttle(policy.table, turned, u=0.1),
            policy.at(1.0),
        ]
        dataset = [(x, builders.make_labels(len(x))) for x in BATCHES]
        rows = tfgate.evaluate_policies(model, dataset, candidates)
        assert [row["policy"] for row in rows] == [
            "throttle kind='order' u=0.1",
            "throttle kind='order' u=0.1",
            "throttle kind='order' u=1.0",
        ]
        for row, candidate in zip(rows, candidates, strict=True):
            expected = executed(model, candidate)
            assert row["executed_macs_mean"] == pytest.approx(expected, rel=1e-6)
        assert rows[0]["executed_macs_mean"] != rows[1]["executed_macs_mean"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "random"}, "Expected kind to be one of"),
        ({"us": []}, "at least one value of u"),
        ({"us": [0.5, 1.5]}, r"u to be a number in \[0, 1\], got 1.5"),
        ({"us": [float("nan")]}, r"u to be a number in \[0, 1\], got nan"),
        ({"tolerance": 0.0}, "Expected tolerance"),
        ({"tolerance": float("nan")}, "Expected tolerance"),
    ],
)
def test_bad_arguments(calibrated, arguments, message):
    with pytest.raises(ValueError, match=message):
        calibrate(calibrated[0], BATCHES, **arguments)


def test_throttled_network_has_a_dial_of_its_own():
    with pytest.raises(ValueError, match="without a dial of its own"):
        calibrate(networks.tiny(), BATCHES)


def test_gates_that_switch_no_macs():
    inputs = keras.Input((8, 8, 3))
    gate = tfgate.IndependentGate(name="gate")
    x, _ = tfgate.GatedResidual(keras.layers.ReLU(), gate)(inputs)
    with pytest.raises(ValueError, match="gates that switch MACs"):
        calibrate(tfgate.GatedModel(inputs, x), BATCHES)
