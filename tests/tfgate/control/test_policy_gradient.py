"""REINFORCE: gradients against finite differences, learning, bad input."""

import numpy as np
import pytest

from tfgate.control import policy_gradient


def finite_differences(function, policy, epsilon=1e-5):
    weights = policy.weights.copy()
    gradient = np.zeros_like(weights)
    for index in range(len(weights)):
        for sign in (1.0, -1.0):
            policy.weights = weights.copy()
            policy.weights[index] += sign * epsilon
            gradient[index] += sign * function() / (2.0 * epsilon)
    policy.weights = weights
    return gradient


def random_policy(features=2, hidden=3):
    policy = policy_gradient.GaussianPolicy(features, hidden, largest_change=0.4)
    generator = np.random.default_rng(4)
    policy.weights = generator.normal(0.0, 0.7, policy.weights.shape)
    return policy


def test_score_is_the_gradient_of_the_log_probability():
    policy = random_policy()
    generator = np.random.default_rng(0)
    features, changes = generator.normal(size=(6, 2)), generator.normal(size=6)
    weights = generator.normal(size=6)

    def weighted():
        return sum(
            weight * policy.log_probability(features[[i]], changes[[i]], 0.3)
            for i, weight in enumerate(weights)
        )

    np.testing.assert_allclose(
        policy.score(features, changes, weights, 0.3),
        finite_differences(weighted, policy),
        rtol=1e-6,
        atol=1e-6,
    )


def test_log_probability_is_a_normal_density():
    policy = random_policy()
    features = np.array([[0.3, -0.2]])
    changes = np.linspace(-4.0, 4.0, 4001)
    density = [
        np.exp(policy.log_probability(features, np.array([change]), 0.3))
        for change in changes
    ]
    assert np.trapezoid(density, changes) == pytest.approx(1.0, abs=1e-6)


def test_gradient_estimate_against_finite_differences():
    """Two steps: x' = x + a, reward -(x' - 1)^2; the expectation in closed form.

    E sum_t discount^t r_t differs from REINFORCE with undiscounted later weights, so
    the discount is 1 here.
    """
    policy = random_policy(features=1, hidden=2)
    deviation, episodes = 0.3, 400_000
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(40)
    node_weights = node_weights / node_weights.sum()

    def expected_return():
        first = policy.mean(np.array([[0.2]]))[0] + 0.2
        middle = first + deviation * nodes
        second = middle + policy.mean(middle[:, None])
        now = -((first - 1.0) ** 2) - deviation**2
        later = -((second - 1.0) ** 2) - deviation**2
        return now + node_weights @ later

    generator = np.random.default_rng(1)
    features = np.zeros((2, episodes, 1))
    changes, rewards = np.zeros((2, episodes)), np.zeros((2, episodes))
    state = np.full(episodes, 0.2)
    for step in range(2):
        features[step, :, 0] = state
        noise = generator.normal(0.0, deviation, episodes)
        changes[step] = policy.mean(features[step]) + noise
        state = state + changes[step]
        rewards[step] = -((state - 1.0) ** 2)
    estimate = policy_gradient.reinforce_gradient(
        policy, features, changes, rewards, discount=1.0, deviation=deviation
    )
    exact = finite_differences(expected_return, policy)
    # Its standard errors are near 0.005; the gradient's norm is near 1.
    np.testing.assert_allclose(estimate, exact, atol=0.03)
    assert np.linalg.norm(exact) > 0.3


def test_returns_and_advantages():
    rewards = np.array([[1.0, 0.0, 2.0], [0.0, 4.0, 2.0]])
    values = policy_gradient.returns(rewards, discount=0.5)
    np.testing.assert_allclose(values, [[1.0, 2.0, 3.0], [0.0, 4.0, 2.0]])
    np.testing.assert_allclose(
        policy_gradient.advantages(values), [[-1.5, 0.0, 1.5], [-3.0, 3.0, 0.0]]
    )


def test_the_baseline_reduces_variance():
    policy = random_policy(features=1, hidden=2)
    generator = np.random.default_rng(2)
    with_baseline, without = [], []
    for _ in range(300):
        changes = generator.normal(0.0, 0.3, 8)
        features = np.full((8, 1), 0.2)
        rewards = 5.0 + changes
        weights = policy_gradient.advantages(rewards[None])[0]
        with_baseline.append(policy.score(features, changes, weights, 0.3))
        without.append(policy.score(features, changes, rewards, 0.3))
    assert np.var(with_baseline) < 0.2 * np.var(without)


def test_learns_a_tiny_task():
    # One step from 0: the best change is the feature's sign times 0.3.
    policy = policy_gradient.GaussianPolicy(1, 4, largest_change=0.5, seed=1)
    optimizer = policy_gradient.Adam(0.05)
    generator = np.random.default_rng(3)
    for _ in range(300):
        features = generator.choice((-1.0, 1.0), (1, 64, 1))
        changes = policy.mean(features[0])[None] + generator.normal(0.0, 0.1, (1, 64))
        rewards = -((changes - 0.3 * features[..., 0]) ** 2)
        gradient = policy_gradient.reinforce_gradient(
            policy, features, changes, rewards, 1.0, 0.1
        )
        policy.weights = optimizer.step(policy.weights, gradient)
    means = policy.mean(np.array([[-1.0], [1.0]]))
    np.testing.assert_allclose(means, [-0.3, 0.3], atol=0.05)


def test_meta_controller_moves_u_by_the_policys_mean():
    policy = random_policy(features=4)
    controller = policy_gradient.MetaController(policy, 30.0, initial_u=0.5)
    u = controller.update(0.0, latency_ms=15.0, thermal_status=3)
    change = policy.mean(np.array([[0.5, 0.5, 0.0, 1.0]]))[0]
    assert u == pytest.approx(0.5 + change)
    features = controller.observe(5.0, latency_ms=90.0, thermal_status=0)
    # -1 is the lowest error; the filter goes half way in its time constant.
    assert features == pytest.approx([-1.0, -0.25, 2.0 * u - 1.0, 0.0])
    assert controller.change(5.0) == 1.0
    assert controller.change(-5.0) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: policy_gradient.GaussianPolicy(0, 1, 0.1),
            "Expected features to be a whole number from 1",
        ),
        (
            lambda: policy_gradient.GaussianPolicy(1, 1, 0.0),
            "Expected largest_change .* > 0",
        ),
        (
            lambda: policy_gradient.MetaController(random_policy(), 30.0),
            "Expected policy to have 4 features, got 2",
        ),
        (
            lambda: policy_gradient.advantages(np.ones((3, 1))),
            "at least two episodes, got 1",
        ),
        (
            lambda: policy_gradient.returns(np.ones((3, 1)), 1.5),
            "Expected discount .* <= 1, got 1.5",
        ),
        (
            lambda: policy_gradient.MetaController(random_policy(4), 30.0).update(
                0.0, latency_ms=float("nan"), thermal_status=0
            ),
            "Expected latency_ms .* got nan",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
