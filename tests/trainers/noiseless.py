"""`trainers.digits`, with an estimator without noise under the name `sigmoid`.

Noise differs from device to device, so runs can be compared only without.
"""

from tests.tfgate import builders
from trainers import digits
from trainers.common import gates
from trainers.common import program

if __name__ == "__main__":
    gates._ESTIMATORS["sigmoid"] = lambda noise_scale: builders.MedianEstimator()
    program.start(**digits.DEFAULTS)
