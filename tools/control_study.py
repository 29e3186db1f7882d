"""Trains a meta-controller by REINFORCE and compares it with the PI controller.

    python -m tools.control_study --json=OUT [--seed=0]

On the simulated device of tfgate.control, in episodes of tools/control_episodes.py:
u for as much of the time as possible as high as possible, but each second with a
latency above the target costs two. Three kinds of controllers: constant u, the PI
controller, the policy; each chosen or trained on episodes of its own, then all
compared on the same new ones. About two minutes on one core.
"""

import functools
import itertools
import json
import pathlib
import time

import numpy as np
from absl import app
from absl import flags

from tfgate import control
from tfgate.control import policy_gradient
from tools import control_episodes
from trainers.common import files
from trainers.common import provenance

_JSON = flags.DEFINE_string("json", None, "File for the results.", required=True)
_SEED = flags.DEFINE_integer("seed", 0, "Of everything.", 0, 999)
_EPISODES = flags.DEFINE_integer("episodes", 200, "Episodes of the comparison.", 2)
_STEPS = flags.DEFINE_integer("steps", control_episodes.STEPS, "Seconds of each.", 2)
_TUNING = flags.DEFINE_integer("tuning", 30, "Episodes to choose settings on.", 2)
_POLICIES = flags.DEFINE_integer("policies", 3, "Trained policies, each its seed.", 1)
_ITERATIONS = flags.DEFINE_integer("iterations", 120, "Gradient steps of each.", 1)
_BATCH = flags.DEFINE_integer("batch", 16, "Episodes of a gradient step.", 2)

_DISCOUNT = 0.98
_RATE = (0.02, 0.002)  # From the first gradient step to the last, geometrically.
_DEVIATION = (0.05, 0.02)
_HIDDEN = 8
_LARGEST_CHANGE = 0.1
_CONSTANTS = [step / 20 for step in range(21)]
_PI_GRID = {
    "set_point": [0.76, 0.80, 0.84, 0.88, 0.92, 0.96, 1.0],
    "gain": [0.5, 1.0, 2.0],
    "thermal": [False, True],
}


def main(_):
    """Tunes, trains, compares, prints, writes."""
    path = pathlib.Path(_JSON.value)
    if not path.absolute().parent.is_dir():
        raise app.UsageError(f"Expected --json={path} in an existing directory.")
    started = time.process_time()
    constant, constants = _best(_constant, [{"u": u} for u in _CONSTANTS])
    print(f"best constant: {constant}", flush=True)
    tuned, grid = _best(_pi, _combinations(_PI_GRID))
    print(f"best PI settings: {tuned}", flush=True)
    trained = [_train(number) for number in range(_POLICIES.value)]
    default = {"set_point": 1.0, "gain": 1.0, "thermal": True}
    controllers = {
        "constant u = 0": functools.partial(_constant, u=0.0),
        "constant u = 1": functools.partial(_constant, u=1.0),
        "best constant u": functools.partial(_constant, **constant),
        "PI, defaults": functools.partial(_pi, **default),
        "PI, chosen": functools.partial(_pi, **tuned),
    }
    for number, (policy, _) in enumerate(trained):
        controllers[f"REINFORCE, policy {number}"] = functools.partial(_meta, policy)
    compared = {
        name: control_episodes.run(make, _seeds(2, _EPISODES.value), _STEPS.value)
        for name, make in controllers.items()
    }
    result = {
        "provenance": provenance.record(),
        "flags": {
            flag.name: flag.value
            for flag in (
                _SEED,
                _EPISODES,
                _STEPS,
                _TUNING,
                _POLICIES,
                _ITERATIONS,
                _BATCH,
            )
        },
        "cpu_seconds": round(time.process_time() - started, 1),
        "chosen": {"constant": constant, "pi": tuned},
        "compared": {name: _summary(rows) for name, rows in compared.items()},
        "objective_less_chosen_pi": {
            name: _mean_and_error(rows[:, 0] - compared["PI, chosen"][:, 0])
            for name, rows in compared.items()
        },
        "tuning": {"constant": constants, "pi": grid},
        "training": [curve for _, curve in trained],
        "policies": [policy.weights.tolist() for policy, _ in trained],
    }
    files.write(path, json.dumps(result, indent=1) + "\n")
    print(_table(result))


def _best(make, combinations):
    """The settings with the highest mean objective, and the objective of all."""
    rows = []
    for arguments in combinations:
        metrics = control_episodes.run(
            functools.partial(make, **arguments), _seeds(1, _TUNING.value), _STEPS.value
        )
        rows.append({**arguments, "objective": round(float(metrics[:, 0].mean()), 4)})
    best = max(rows, key=lambda row: row["objective"])
    return {key: best[key] for key in best if key != "objective"}, rows


def _combinations(grid):
    return [
        dict(zip(grid, values, strict=True))
        for values in itertools.product(*grid.values())
    ]


def _constant(u):
    return control_episodes.Constant(u)


def _pi(set_point, gain, thermal):
    """The controller with its target and gains scaled, and ceilings or none."""
    usual = control.LatencyTarget(target_ms=1.0)
    return control.BudgetController(
        latency=control.LatencyTarget(
            target_ms=set_point * control_episodes.TARGET_MS,
            proportional_gain=gain * usual.proportional_gain,
            integral_gain=gain * usual.integral_gain,
        ),
        # Without ceilings the status changes nothing, but may still be reported.
        thermal=control.ThermalCeilings(
            **({} if thermal else {"ceilings": (1.0,) * 7})
        ),
        initial_u=control_episodes.INITIAL_U,
    )


def _meta(policy):
    return policy_gradient.MetaController(
        policy, control_episodes.TARGET_MS, control_episodes.INITIAL_U
    )


def _train(number):
    """Returns a trained policy and its mean rewards while training."""
    policy = policy_gradient.GaussianPolicy(
        len(policy_gradient.FEATURES), _HIDDEN, _LARGEST_CHANGE, seed=number
    )
    generator = np.random.default_rng([_SEED.value, number])
    optimizer = policy_gradient.Adam(_RATE[0])
    seeds = iter(_seeds(3 + number, _ITERATIONS.value * _BATCH.value))
    curve = []
    for iteration in range(_ITERATIONS.value):
        done = iteration / max(1, _ITERATIONS.value - 1)
        optimizer.rate = _between(_RATE, done)
        deviation = _between(_DEVIATION, done)
        batch = list(itertools.islice(seeds, _BATCH.value))
        features, changes, rewards = control_episodes.explore(
            policy, batch, deviation, generator, _STEPS.value
        )
        gradient = policy_gradient.reinforce_gradient(
            policy, features, changes, rewards, _DISCOUNT, deviation
        )
        policy.weights = optimizer.step(policy.weights, gradient)
        curve.append(round(float(rewards.mean()), 4))
    print(f"policy {number}: mean reward {curve[0]} -> {curve[-1]}", flush=True)
    return policy, curve


def _between(ends, done):
    return ends[0] * (ends[1] / ends[0]) ** done


def _seeds(purpose, count):
    """Seeds of episodes that no other purpose meets."""
    first = (_SEED.value * 1000 + purpose) * 1_000_000
    return range(first, first + count)


def _summary(rows):
    return {
        name: _mean_and_error(column)
        for name, column in zip(control_episodes.METRICS, rows.T, strict=True)
    }


def _mean_and_error(values):
    """Mean and its standard error over episodes."""
    error = values.std(ddof=1) / len(values) ** 0.5
    return {"mean": round(float(values.mean()), 4), "error": round(float(error), 4)}


def _table(result):
    names = control_episodes.METRICS
    lines = [
        f"| controller | {' | '.join(names)} | objective - PI, chosen |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    for controller, row in result["compared"].items():
        cells = [row[name] for name in names]
        cells.append(result["objective_less_chosen_pi"][controller])
        text = [f"{cell['mean']:.3f} ± {cell['error']:.3f}" for cell in cells]
        lines.append(f"| {controller} | {' | '.join(text)} |")
    return "\n".join(lines) + f"\n{result['cpu_seconds']} CPU seconds"


if __name__ == "__main__":
    app.run(main)
