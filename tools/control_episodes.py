"""Episodes of the simulated device for tools/control_study.py, and what they score."""

import dataclasses
import random

import numpy as np

from tfgate import control
from tfgate.control import policy_gradient

TARGET_MS = 30.0
STEP_SECONDS = 1.0
STEPS = 600
INITIAL_U = 0.5
MISS_PENALTY = 2.0
AMBIENT_CELSIUS = (15.0, 35.0)
BACKGROUND_WATTS = 1.5
BACKGROUND_SECONDS = 60.0

METRICS = ("objective", "within_target", "mean_u", "celsius", "mean_change")


class Episode:
    """A device in the air of a random temperature, with background load on and off.

    The load of `BACKGROUND_WATTS` comes and goes after exponential times of mean
    `BACKGROUND_SECONDS`. Everything random is a function of the seed, not of u, so
    controllers meet the same episodes.
    """

    def __init__(self, seed, settings=None):
        self._random = random.Random(seed)
        ambient = self._random.uniform(*AMBIENT_CELSIUS)
        settings = settings or control.DeviceSettings()
        self._device = control.Device(
            dataclasses.replace(settings, ambient_celsius=ambient), seed=seed
        )
        self._loaded = self._random.random() < 0.5
        self._change_time = self._waiting_time()
        self.u = INITIAL_U
        self._sums = np.zeros(len(METRICS))
        self._steps = 0

    def step(self, u):
        """Runs a second at u; returns the reading and the reward."""
        while self._change_time <= self._device.time:
            self._loaded = not self._loaded
            self._change_time += self._waiting_time()
        watts = BACKGROUND_WATTS if self._loaded else 0.0
        reading = self._device.step(u, STEP_SECONDS, background_watts=watts)
        within = reading.latency_ms <= TARGET_MS
        reward = u - (0.0 if within else MISS_PENALTY)
        self._sums += (reward, within, u, reading.celsius, abs(u - self.u))
        self._steps += 1
        self.u = u
        return reading, reward

    def metrics(self):
        """Means over the steps so far, in the order of `METRICS`."""
        return self._sums / self._steps

    def _waiting_time(self):
        return self._random.expovariate(1.0 / BACKGROUND_SECONDS)


def run(make_controller, seeds, steps=STEPS):
    """Runs a new controller through an episode of each seed.

    Returns:
        Array (episodes, metrics).
    """
    rows = []
    for seed in seeds:
        controller = make_controller()
        episode = Episode(seed)
        u = INITIAL_U
        for _ in range(steps):
            reading, _ = episode.step(u)
            u = controller.update(
                reading.time,
                latency_ms=reading.latency_ms,
                thermal_status=reading.thermal_status,
            )
        rows.append(episode.metrics())
    return np.array(rows)


def explore(policy, seeds, deviation, generator, steps=STEPS):
    """Runs the policy with noise through episodes, side by side.

    Returns:
        features (steps, episodes, features), changes and rewards (steps, episodes):
        each change of u with the reward of the second that follows it.
    """
    episodes = [Episode(seed) for seed in seeds]
    controllers = [
        policy_gradient.MetaController(policy, TARGET_MS, INITIAL_U) for _ in seeds
    ]
    features = np.zeros((steps, len(seeds), policy.features))
    changes = np.zeros((steps, len(seeds)))
    rewards = np.zeros((steps, len(seeds)))
    readings = [episode.step(INITIAL_U)[0] for episode in episodes]
    for step in range(steps):
        for index, (controller, reading) in enumerate(
            zip(controllers, readings, strict=True)
        ):
            features[step, index] = controller.observe(
                reading.time, reading.latency_ms, reading.thermal_status
            )
        noise = generator.normal(0.0, deviation, len(seeds))
        changes[step] = policy.mean(features[step]) + noise
        for index, controller in enumerate(controllers):
            u = controller.change(float(changes[step, index]))
            readings[index], rewards[step, index] = episodes[index].step(u)
    return features, changes, rewards


class Constant:
    """A controller that measures nothing."""

    def __init__(self, u):
        self._u = u

    def update(self, time, **measurements):
        """Returns u."""
        return self._u
