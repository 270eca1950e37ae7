"""A Ray cluster on this machine: nodes that tests add and kill, and the processes of each."""

from __future__ import annotations

import contextlib
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.harness import eventually, marked

__all__ = ["STORE_BYTES", "RayCluster", "ray_cluster"]

STORE_BYTES = 200 << 20


class RayCluster:
    """A running cluster.

    Attributes:
        head: its first node.
    """

    def __init__(self, cpus: int) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args=_arguments(cpus))
        self.head: Any = self._cluster.head_node

    @property
    def address(self) -> str:
        """Where servers join it."""
        return str(self._cluster.address)

    def add(self, cpus: int) -> Any:
        """A further node."""
        return self._cluster.add_node(**_arguments(cpus))

    def remove(self, node: Any) -> None:
        """Ends a node in order."""
        self._cluster.remove_node(node)

    def end(self) -> None:
        """Ends all of it, whatever is left."""
        self._cluster.shutdown()  # type: ignore[no-untyped-call] # Ray's own


def _arguments(cpus: int) -> dict[str, Any]:
    return {"num_cpus": cpus, "object_store_memory": STORE_BYTES, "include_dashboard": False}


def process_of(node: Any, kind: str) -> int:
    """The process id of a part of a node, such as its raylet or its gcs_server."""
    return int(node.all_processes[kind][0].process.pid)


def actors_of(node: Any) -> list[int]:
    """The process ids of the workers of ours that a node runs."""
    children: list[str] = []
    for task in Path(f"/proc/{process_of(node, 'raylet')}/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has ended since
            children += (task / "children").read_text().split()
    return [int(pid) for pid in children if b"RayWorker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def kill(*pids: int) -> None:
    """Kills processes with a signal that none can catch."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def ray_cluster(cpus: int = 2) -> Iterator[RayCluster]:
    """A cluster of one node until the block ends, and nothing of it afterwards; skips where Ray is not installed."""
    pytest.importorskip("ray")
    before, name, value = dict(os.environ), "GRIDGRAD_TEST_CLUSTER", str(uuid.uuid4())
    os.environ.update({"RAY_USAGE_STATS_ENABLED": "0", name: value})
    cluster = RayCluster(cpus)
    try:
        yield cluster
    finally:
        cluster.end()
        os.environ.clear()
        os.environ.update(before)
    kill(*(pid for pid in marked(f"{name}={value}") if _is_agent(pid)))
    eventually(lambda: not marked(f"{name}={value}"), "the end of all processes of the cluster and its users")


def _is_agent(pid: int) -> bool:
    """Whether a process is one of Ray's own that it leaves for minutes where a node was killed."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith((b"ray::DashboardAgent", b"ray::RuntimeEnvAgent"))
    return False
