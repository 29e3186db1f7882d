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
        batch: number of images of a run.
        resized: whether the network takes them in one call; else they are as many
            calls, each image with decisions of its own, and their times are added.
        milliseconds: float64 `[runs]`, latency of each run.
        cpu_milliseconds: float64 `[runs]`, processor time of each run.
        decisions: float32 `[images, n]` of each image, None if the file tells none.
    """

    network: runtime.Network
    setting: float | None
    batch: int = 1
    resized: bool = False
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
    def all_decisions(self):
        """Decisions of all components, float32 `[images, components]`.

        One row where none of them depends on the image; None if they are not known.
        """
        images = 1 if self.decisions is None else len(self.decisions)
        return self.network.metadata.all_decisions(self.decisions, images)

    @property
    def activation_rate(self):
        """Mean decision over images and components; None if not known."""
        decisions = self.all_decisions
        return None if decisions is None else float(np.mean(decisions))

    def run(self, images):
        """Runs on a batch of images.

        Args:
            images: float32 `[batch, height, width, channels]`.

        Returns:
            `(milliseconds, decisions)`: float64 `[2]`, by the clock and of the CPU; and
            a list of each image's decisions, empty where the network is resized.
        """
        if self.network.metadata.dial is not None:
            self.network.set_dial(self.setting)
        if self.resized:
            self.network.set_images(images)
            return 1000 * np.array(self.network.invoke()), []
        taken, decisions = np.zeros(2), []
        for image in images:
            self.network.set_image(image)
            taken += self.network.invoke()
            decisions.append(self.network.decisions())
        return 1000 * taken, decisions


def measure(candidates, images, *, runs, warmup, seed):
    """Measures candidates: every run takes one batch through all of them.

    The order within a run is shuffled, so that none profits from what another left
    in the caches, and a disturbance of the machine meets all alike.

    Args:
        candidates: list of `Candidate`; gets their milliseconds and decisions.
        images: float32 `[images, height, width, channels]`; run i takes batch i modulo
            their number, see `batches`.
        runs: number of runs.
        warmup: number of runs before, which do not count.
        seed: int, root of the order.
    """
    random = np.random.default_rng(seed)
    taken = np.zeros((len(candidates), 2, runs))
    decisions = [[] for _ in candidates]
    for run in range(-warmup, runs):
        for index in random.permutation(len(candidates)):
            batch = candidates[index].batch
            number = batches(len(images), batch)
            start = run % number * batch
            milliseconds, told = candidates[index].run(images[start : start + batch])
            if run >= 0:
                taken[index, :, run] = milliseconds
            if 0 <= run < number:
                decisions[index] += told
    for candidate, own, told in zip(candidates, taken, decisions, strict=True):
        candidate.milliseconds, candidate.cpu_milliseconds = own
        known = told and told[0] is not None
        candidate.decisions = np.stack(told) if known else None


def batches(images, batch):
    """Number of different batches that are taken in turn: whole ones only."""
    return images // batch


def image_medians(candidate, images, *, cpu=False):
    """Each batch's median latency.

    Args:
        candidate: `Candidate` after `measure`.
        images: number of images that were taken in turn.
        cpu: whether to take the processor time instead.

    Returns:
        float64 `[batches]`, milliseconds.
    """
    number = batches(images, candidate.batch)
    taken = candidate.cpu_milliseconds if cpu else candidate.milliseconds
    return np.array([np.median(taken[start::number]) for start in range(number)])


def summarize(candidate, images):
    """Describes the latencies of a measured candidate.

    Args:
        candidate: `Candidate` after `measure`.
        images: number of images that were taken in turn.

    Returns:
        Dict: `p50`, `p90`, `p99`, `mean`, `std` of the latency in milliseconds, by the
        clock; `image_mean`, the mean over images of an image's median, which outliers
        hardly move: what the images' decisions cost; `cpu_p50` and `cpu_image_mean`,
        the same of a run's processor time, which other programs disturb little;
        `cpu_per_wall`, processor time over the clock's, of all runs: about the number
        of threads that really ran; `disturbed`, the share of runs with less processor
        time than 0.9 of the clock's, in which the machine did something else too. A
        run is a whole batch.
    """
    milliseconds, cpu = candidate.milliseconds, candidate.cpu_milliseconds
    p50, p90, p99 = np.percentile(milliseconds, [50, 90, 99])
    return {
        "p50": float(p50),
        "p90": float(p90),
        "p99": float(p99),
        "mean": float(np.mean(milliseconds)),
        "std": float(np.std(milliseconds)),
        "image_mean": float(np.mean(image_medians(candidate, images))),
        "cpu_p50": float(np.median(cpu)),
        "cpu_image_mean": float(np.mean(image_medians(candidate, images, cpu=True))),
        "cpu_per_wall": float(np.sum(cpu) / np.sum(milliseconds)),
        "disturbed": float(np.mean(cpu < 0.9 * milliseconds)),
    }
