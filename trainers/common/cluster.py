"""The cluster that TF_CONFIG names. Nothing here imports TensorFlow."""

import dataclasses
import json
import re
import socket
import time

from trainers.common.errors import UserError

VARIABLE = "TF_CONFIG"
_ADDRESS = re.compile(r"(?P<host>.+):(?P<port>[0-9]{1,5})")
_CONNECT_SECONDS = 1.0
_RETRY_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes of a run, and which of them this one is.

    Attributes:
        addresses: "host:port" of each, the chief first.
        rank: place of this process among them.
    """

    addresses: tuple[str, ...]
    rank: int

    @property
    def is_chief(self):
        """Whether this process writes the results."""
        return self.rank == 0

    @property
    def own_address(self):
        """Address of this process."""
        return self.addresses[self.rank]

    def wait(self, seconds):
        """Waits until all other processes have been started.

        TensorFlow would wait for them without end, and cannot be interrupted. While it
        waits this process answers at its own address, so the others see it too; those
        that are ahead answer through TensorFlow.

        Args:
            seconds: time limit.

        Raises:
            UserError: some did not come, or the own address is taken.
        """
        ends = time.monotonic() + seconds
        missing = [a for a in self.addresses if a != self.own_address]
        with self._listening():
            while missing := [a for a in missing if not _answers(a)]:
                if time.monotonic() > ends:
                    raise UserError(
                        f"expected {', '.join(missing)} of the cluster in {VARIABLE} "
                        f"to answer {self.own_address} within --peer_timeout={seconds} "
                        "seconds"
                    )
                time.sleep(_RETRY_SECONDS)

    def _listening(self):
        _, _, port = self.own_address.rpartition(":")
        try:
            return socket.create_server(("", int(port)))
        except OSError as error:
            raise UserError(
                f"expected to listen at {self.own_address}, which {VARIABLE} gives to "
                f"this process: {error.strerror}"
            ) from None


def read(environment):
    """Reads TF_CONFIG, TensorFlow's description of a cluster.

    Args:
        environment: mapping of environment variables, such as `os.environ`.

    Returns:
        `Cluster`, or None where the variable is not set or names no cluster.

    Raises:
        UserError: it is no JSON, or does not say which process this is.
    """
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        config = json.loads(text)
    except ValueError as error:
        raise UserError(f"expected JSON in {VARIABLE}: {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"expected a JSON object in {VARIABLE}, got {text}")
    if not config.get("cluster"):
        return None
    jobs = _jobs(config["cluster"])
    addresses = (*jobs.get("chief", ()), *jobs.get("worker", ()))
    if len(set(addresses)) < len(addresses):
        raise UserError(f"expected distinct addresses in {VARIABLE}, got {addresses}")
    return Cluster(addresses, _rank(config.get("task"), jobs))


def _jobs(cluster):
    """Job -> tuple of addresses."""
    if not isinstance(cluster, dict) or not set(cluster) <= {"chief", "worker"}:
        raise UserError(
            f'expected "cluster" in {VARIABLE} to hold "worker", and "chief" if there '
            f"is one, got {json.dumps(cluster)}"
        )
    for job, addresses in cluster.items():
        if not isinstance(addresses, list) or not all(map(_is_address, addresses)):
            raise UserError(
                f'expected a list of "host:port" for "{job}" in {VARIABLE}, got '
                f"{json.dumps(addresses)}"
            )
    if len(cluster.get("chief", ())) > 1:
        raise UserError(f'expected at most one "chief" in {VARIABLE}')
    return {job: tuple(addresses) for job, addresses in cluster.items()}


def _rank(task, jobs):
    if not isinstance(task, dict) or not {"type", "index"} <= set(task):
        raise UserError(
            f'expected "task": {{"type": ..., "index": ...}} in {VARIABLE}, got '
            f"{json.dumps(task)}"
        )
    job, index = task["type"], task["index"]
    named = jobs.get(job, ()) if isinstance(job, str) else ()
    if isinstance(index, bool) or not isinstance(index, int):
        index = -1
    if not 0 <= index < len(named):
        having = ", ".join(f"{name} 0..{len(jobs[name]) - 1}" for name in sorted(jobs))
        raise UserError(
            f"expected a task of the cluster in {VARIABLE}, which has {having}; got "
            f"{json.dumps(task)}"
        )
    return index + (len(jobs.get("chief", ())) if job == "worker" else 0)


def _is_address(address):
    if not isinstance(address, str) or not (parts := _ADDRESS.fullmatch(address)):
        return False
    return 0 < int(parts["port"]) < 2**16


def _answers(address):
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS):
            return True
    except OSError:
        return False
