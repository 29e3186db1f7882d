"""The study's program, small; its episodes."""

import json
import subprocess
import sys

import numpy as np

from tests import conftest
from tools import control_episodes


def test_episodes_do_not_depend_on_the_controller():
    def celsius(u):
        episode = control_episodes.Episode(seed=8)
        return [episode.step(u)[0].watts for _ in range(100)]

    # Cold at first: power differs by what u takes alone.
    difference = np.subtract(celsius(0.5), celsius(0.0))
    np.testing.assert_allclose(difference[:40], difference[0])


def test_reward():
    episode = control_episodes.Episode(seed=0)
    assert episode.step(0.25)[1] == 0.25
    assert episode.step(1.0)[1] == 1.0 - control_episodes.MISS_PENALTY
    metrics = dict(zip(control_episodes.METRICS, episode.metrics(), strict=True))
    assert metrics["within_target"] == 0.5
    assert metrics["mean_u"] == 0.625
    assert metrics["objective"] == (0.25 - 1.0) / 2


def test_program(tmp_path):
    path = tmp_path / "study.json"
    flags = {"episodes": 3, "steps": 20, "tuning": 2, "policies": 1, "iterations": 2}
    arguments = [f"--{name}={value}" for name, value in flags.items()]
    command = [sys.executable, "-m", "tools.control_study", f"--json={path}"]
    done = subprocess.run(
        [*command, *arguments, "--batch=2"],
        cwd=conftest.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text(encoding="utf-8"))
    assert "REINFORCE, policy 0" in result["compared"]
    assert len(result["training"][0]) == 2
    assert result["objective_less_chosen_pi"]["PI, chosen"]["mean"] == 0.0
    assert "| PI, chosen |" in done.stdout
