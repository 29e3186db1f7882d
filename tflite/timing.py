"""Latencies of several networks in one run, in alternation, on real images."""

import dataclasses

import numpy as np

from tflite import runtime


@dataclasses.dataclass
class Candidate:
    """A network at one operating point.

    Attributes:
        network: `tflite.runtime.Network`; candidates may share one.
        setting: value of its input τ or u; None without one.
        milliseconds: float64 `[runs]`, latency of each run.
        cpu_milliseconds: float64 `[runs]`, processor time of each run.
        decisions: float32 `[images, n]` of each image, None if the file tells none.
    """

    network: runtime.Network
    setting: float | None
    milliseconds: np.ndarray | None = None
    cpu_milliseconds: np.ndarray | None = None
    decisions: np.ndarray | None = None

    @property
    def executed_macs(self):
        """Mean MACs per image; None if they depend on unknown decisions."""
        metadata = self.network.metadata
        u = self.setting if metadata.has_u_input else None
        macs = metadata.executed_macs(self.decisions, u)
        return None if macs is None else float(np.mean(macs))

    @property
    def activation_rate(self):
        """Mean decision over images and components; None if not known."""
        images = 1 if self.decisions is None else len(self.decisions)
        decisions = self.network.metadata.all_decisions(self.decisions, images)
        return None if decisions is None else float(np.mean(decisions))

    def run(self, image):
        """Runs on one image; returns its milliseconds, by the clock and of the CPU."""
        if self.network.metadata.dial is not None:
            self.network.set_dial(self.setting)
        self.network.set_image(image)
        return 1000 * np.array(self.network.invoke())


def measure(candidates, images, *, runs, warmup, seed):
    """Measures candidates: every run takes one image through all of them.

    The order within a run is shuffled, so that none profits from what another left
    in the caches, and a disturbance of the machine meets all alike.

    Args:
        candidates: list of `Candidate`; gets their milliseconds and decisions.
        images: float32 `[images, height, width, channels]`; run i takes image i modulo
            their number.
        runs: number of runs.
        warmup: number of runs before, which do not count.
        seed: int, root of the order.
    """
    random = np.random.default_rng(seed)
    taken = np.zeros((len(candidates), 2, runs))
    decisions = [[] for _ in candidates]
    for run in range(-warmup, runs):
        image = images[run % len(images)]
        for index in random.permutation(len(candidates)):
            milliseconds = candidates[index].run(image)
            if run >= 0:
                taken[index, :, run] = milliseconds
            if 0 <= run < len(images):
                decisions[index].append(candidates[index].network.decisions())
    for candidate, own, told in zip(candidates, taken, decisions, strict=True):
        candidate.milliseconds, candidate.cpu_milliseconds = own
        candidate.decisions = None if told[0] is None else np.stack(told)


def summarize(candidate, images):
    """Describes the latencies of a measured candidate.

    Args:
        candidate: `Candidate` after `measure`.
        images: number of images that were taken in turn.

    Returns:
        Dict: `p50`, `p90`, `p99`, `mean`, `std` of the latency in milliseconds, by the
        clock; `image_mean`, the mean over images of an image's median, which outliers
        hardly move: what the images' decisions cost; `cpu_p50`, the median processor
        time of a run, which other programs on the machine disturb little;
        `disturbed`, the share of runs with less processor time than 0.9 of the
        clock's, in which the machine did something else too.
    """
    milliseconds, cpu = candidate.milliseconds, candidate.cpu_milliseconds
    medians = [np.median(milliseconds[i::images]) for i in range(images)]
    p50, p90, p99 = np.percentile(milliseconds, [50, 90, 99])
    return {
        "p50": float(p50),
        "p90": float(p90),
        "p99": float(p99),
        "mean": float(np.mean(milliseconds)),
        "std": float(np.std(milliseconds)),
        "image_mean": float(np.mean(medians)),
        "cpu_p50": float(np.median(cpu)),
        "disturbed": float(np.mean(cpu < 0.9 * milliseconds)),
    }
