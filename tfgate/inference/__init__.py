"""Inference of gated networks: policies compared, combined and chosen from.

Reference:
    PG 3.2 and CS 3.3: stochastic, ensemble, threshold, always open.
"""

from tfgate.inference.ensembles import ensemble_predict
from tfgate.inference.evaluation import Ensemble
from tfgate.inference.evaluation import StochasticRuns
from tfgate.inference.evaluation import evaluate_policies
from tfgate.inference.exits import evaluate_exits
from tfgate.inference.operating_points import choose_operating_point
from tfgate.inference.scope import use_policy

__all__ = [
    "Ensemble",
    "StochasticRuns",
    "choose_operating_point",
    "ensemble_predict",
    "evaluate_exits",
    "evaluate_policies",
    "use_policy",
]
