"""What a plan expects of the gates: decisions on images like those of calibration."""

import math

import numpy as np

import tfgate
from tflite import calibration
from tflite import variants

_SEED = 0
# So many draws stand for images where there are none.
_DRAWS = 256
# Settings of u that stand for how a dial will be turned: without images, and for each.
_US = 64
_US_OF_IMAGES = 9


class Expectations:
    """Expected decisions of a network's gates.

    Args:
        model: a `tfgate.GatedModel`.
        tau: threshold in (0, 1), by which gates that look at no image are decided.
        recorded: gate name -> float32 array `[images, components]`, decisions on
            calibration images, as `tflite.calibration.record` gives them; None for
            none. Without, an undecided component is open for half of the images,
            independently of all others.
        log_odds: the same of log odds; None for none.

    Attributes:
        source: str, where they come from, for people.
        is_recorded: whether they were recorded on calibration images.
    """

    def __init__(self, model, tau, recorded=None, log_odds=None):
        report = tfgate.plan_compaction(model, tau)
        self._decided = {block.gate: block.decisions for block in report.blocks}
        self._recorded = recorded
        self._log_odds = log_odds
        self._boundary = math.log(tau) - math.log1p(-tau)
        self.is_recorded = recorded is not None
        stages = model.exits.stages()
        self._before = {
            block.gate.name: [
                leave.gate.name
                for leave in model.exits.exits[: stages.get(block.name, 0)]
            ]
            for block in model.blocks
        }
        self.source = (
            "no calibration images: undecided components open for half of the images"
            if recorded is None
            else f"decisions on {len(next(iter(recorded.values())))} calibration images"
        )

    def decisions(self, gate):
        """Decisions of a gate on the images that reach it.

        Args:
            gate: its name.

        Returns:
            float32 array `[images, components]` of 0 and 1.
        """
        if self._recorded is None:
            decided = self._decided[gate]
            random = np.random.default_rng(_SEED)
            drawn = random.random((_DRAWS, len(decided))) < 0.5
            known = [np.nan if z is None else z for z in decided]
            return np.where(np.isnan(known), drawn, known).astype("float32")
        return self._recorded[gate][self._reached(gate)]

    def draws(self, gate, number):
        """Decisions that images like those of calibration might have.

        Args:
            gate: its name.
            number: how many.

        Returns:
            `tflite.variants.Draws`; None where no log odds are known.
        """
        if self._log_odds is None:
            return None
        log_odds = self._log_odds[gate][self._reached(gate)]
        return variants.near(log_odds, self._boundary, number, _SEED)

    def _reached(self, gate):
        """Which images come to a gate."""
        reached = np.ones(len(self._recorded[gate]), bool)
        for leave in self._before[gate]:
            reached &= self._recorded[leave][:, 0] > 0
        # Where nobody comes, what the gate says of the others is the best guess.
        return reached if reached.any() else slice(None)


def expect(model, options):
    """Makes the `Expectations` of a conversion.

    Args:
        model: a `tfgate.GatedModel`.
        options: `tflite.options.Options`, with calibration images as an array or None.
    """
    if options.calibration is None:
        return Expectations(model, options.tau)
    told = calibration.gates(model, options.calibration, options.tau)
    recorded = {name: gate["decision"] for name, gate in told.items()}
    log_odds = {name: gate["logits"] for name, gate in told.items()}
    return Expectations(model, options.tau, recorded, log_odds)


def over_u(model, options, learned):
    """Decisions of a learned gating function while u goes from 0 to 1.

    Args:
        model: a `tfgate.ThrottledModel`.
        options: as for `expect`.
        learned: its `tflite.lowering.Learned`.

    Returns:
        Gate name -> float32 array `[samples, components]`, all u alike. A blind
        function needs no images. None for one that looks at images, without any.
    """
    intervals = learned.intervals(options.tau)
    if intervals is not None:
        begins, decided = intervals
        us = (np.arange(_US) + 0.5) / _US
        everything = decided[np.searchsorted(begins, us, side="right") - 1]
        ends = np.cumsum([gate.components for gate in model.gates])[:-1]
        return dict(zip(model.gate_names, np.split(everything, ends, 1), strict=True))
    if options.calibration is None:
        return None
    recorded = [
        calibration.record(model, options.calibration, options.tau, u)
        for u in np.linspace(0.0, 1.0, _US_OF_IMAGES).tolist()
    ]
    return {name: np.concatenate([r[name] for r in recorded]) for name in recorded[0]}
