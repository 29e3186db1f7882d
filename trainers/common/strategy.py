"""The strategy of a run: the devices and processes that share its batches."""

import dataclasses
import os
import signal

from trainers.common import cluster as clusters
from trainers.common.errors import UserError


@dataclasses.dataclass(frozen=True)
class Distribution:
    """Who takes part in a run.

    Attributes:
        strategy: `tf.distribute.Strategy`.
        hosts: number of processes.
        rank: place of this one among them; the first is the chief, which writes.
    """

    strategy: object
    hosts: int = 1
    rank: int = 0

    @property
    def is_chief(self):
        """Whether this process writes the results."""
        return self.rank == 0

    @property
    def replicas(self):
        """Copies of the network, over all processes."""
        return self.strategy.num_replicas_in_sync

    @property
    def local_replicas(self):
        """Copies of the network in this process."""
        return self.replicas // self.hosts

    @property
    def on_cpus(self):
        """Whether the copies in this process are on the CPU, all of them."""
        devices = self.strategy.extended.worker_devices
        return all("DEVICE:CPU:" in device.upper() for device in devices)

    @property
    def shard(self):
        """(rank, hosts): which part of the data this process reads."""
        return self.rank, self.hosts

    def check(self, settings):
        """Raises UserError if the replicas cannot share the settings' batches."""
        if settings.batch_size % self.replicas:
            raise UserError(
                f"expected --batch_size to be a multiple of the {self.replicas} "
                f"devices that share it, got {settings.batch_size}"
            )


def check(settings, cluster):
    """Checks the flags of the strategy against the cluster, without TensorFlow.

    Args:
        settings: `trainers.common.settings.Settings`.
        cluster: `trainers.common.cluster.Cluster`, or None.

    Raises:
        UserError: they do not fit together.
    """
    chosen = settings.strategy
    if chosen == "multi_worker" and cluster is None:
        raise UserError(
            "expected a cluster in TF_CONFIG for --strategy=multi_worker, it names none"
        )
    if chosen in ("one", "mirrored") and cluster and len(cluster.addresses) > 1:
        raise UserError(
            f"TF_CONFIG names a cluster of {len(cluster.addresses)}, each of which "
            f"would train alone with --strategy={chosen}: leave one of them out"
        )
    if settings.logical_cpus and chosen == "one":
        raise UserError(
            "--logical_cpus has no effect with --strategy=one: leave it out"
        )
    if settings.logical_cpus and cluster and len(cluster.addresses) > 1:
        raise UserError(
            "--logical_cpus has no effect with the cluster in TF_CONFIG, whose workers "
            "have one CPU each: leave it out"
        )


def create(settings, cluster):
    """Creates the strategy; waits for the other processes, if there are any.

    Must come before anything that makes TensorFlow look for its devices.

    Args:
        settings: `trainers.common.settings.Settings`.
        cluster: `trainers.common.cluster.Cluster`, or None.

    Returns:
        `Distribution`.

    Raises:
        UserError: the strategy does not fit the cluster or the machine, or another
            process does not come in time.
    """
    check(settings, cluster)
    import tensorflow as tf

    if cluster and len(cluster.addresses) > 1:
        return _multi_worker(settings, cluster)
    devices = _devices(settings.logical_cpus)
    if settings.strategy == "one" or (settings.strategy == "auto" and len(devices) < 2):
        return Distribution(tf.distribute.get_strategy())
    return Distribution(mirrored(devices))


def mirrored(devices):
    """`MirroredStrategy` on devices such as `["CPU:0", "CPU:1"]`."""
    import tensorflow as tf

    arguments = {}
    if devices[0].startswith("CPU"):
        # The default cannot serve two strategies in one process on CPUs.
        arguments["cross_device_ops"] = tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy(devices, **arguments)


def _devices(logical_cpus):
    import tensorflow as tf

    if not logical_cpus:
        gpus = tf.config.list_physical_devices("GPU")
        return [f"GPU:{index}" for index in range(len(gpus))] or ["CPU:0"]
    cpu = tf.config.list_physical_devices("CPU")[0]
    before = tf.config.get_logical_device_configuration(cpu)
    if len(before or ()) < logical_cpus:
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * logical_cpus
        )
    return [f"CPU:{index}" for index in range(logical_cpus)]


def _multi_worker(settings, cluster):
    import tensorflow as tf

    cluster.wait(settings.peer_timeout)
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        raise UserError(
            f"expected to join the cluster in TF_CONFIG as {cluster.own_address}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    # TensorFlow catches the signal and goes on; a killed run continues anyway.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return Distribution(strategy, len(cluster.addresses), cluster.rank)


def read_cluster(settings):
    """The cluster of TF_CONFIG, checked against the settings.

    Raises:
        UserError: TF_CONFIG is wrong, or does not fit the settings.
    """
    cluster = clusters.read(os.environ)
    if not os.environ.get(clusters.VARIABLE, "set").strip():
        # To TensorFlow an empty variable is wrong JSON.
        del os.environ[clusters.VARIABLE]
    check(settings, cluster)
    return cluster
