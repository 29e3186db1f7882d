"""Inference of gated networks: policies compared, combined and chosen from.

And throttled networks over u, see `evaluate_throttling`.

Reference:
    PG 3.2 and CS 3.3: stochastic, ensemble, threshold, always open; TNN 5.
"""

from tfgate.inference.ensembles import ensemble_predict
from tfgate.inference.evaluation import Ensemble
from tfgate.inference.evaluation import StochasticRuns
from tfgate.inference.evaluation import evaluate_policies
from tfgate.inference.exits import evaluate_exits
from tfgate.inference.operating_points import choose_operating_point
from tfgate.inference.scope import use_policy
from tfgate.inference.scope import use_threshold
from tfgate.inference.throttling import area_under_curve
from tfgate.inference.throttling import component_utilization
from tfgate.inference.throttling import evaluate_throttling

__all__ = [
    "Ensemble",
    "StochasticRuns",
    "area_under_curve",
    "choose_operating_point",
    "component_utilization",
    "ensemble_predict",
    "evaluate_exits",
    "evaluate_policies",
    "evaluate_throttling",
    "use_policy",
    "use_threshold",
]
