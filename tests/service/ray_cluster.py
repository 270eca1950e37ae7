"""A Ray cluster on this machine: nodes that tests add and kill, and the processes of each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.harness import eventually, free_port, marked

__all__ = ["STORE_BYTES", "RayCluster", "ray_cluster", "scaled_cluster"]

STORE_BYTES = 200 << 20
_FULL_DISK = {"local_fs_capacity_threshold": 0.0, "local_fs_monitor_interval_ms": 100}
_HEAD = "ray.head.default"  # as the provider of pretended nodes calls it


class RayCluster:
    """A running cluster.

    Attributes:
        head: its first node.
    """

    def __init__(self, cpus: int, *, can_spill: bool = True) -> None:
        from ray.cluster_utils import Cluster

        first = _arguments(cpus) if can_spill else {**_arguments(cpus), "_system_config": _FULL_DISK}
        self._cluster = Cluster(initialize_head=True, head_node_args=first)
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
def ray_cluster(cpus: int = 2, *, can_spill: bool = True) -> Iterator[RayCluster]:
    """A cluster of one node until the block ends, and nothing of it afterwards; skips where Ray is not installed. Where
    it can't spill, it takes the disk for full.
    """
    with _own_processes() as mark:
        cluster = RayCluster(cpus, can_spill=can_spill)
        try:
            yield cluster
        finally:
            cluster.end()
        kill(*(pid for pid in marked(mark) if _is_agent(pid)))


@contextlib.contextmanager
def scaled_cluster(most: int) -> Iterator[str]:
    """The address of a cluster of one processor, to which Ray's autoscaler adds up to so many nodes of one, pretended
    on this machine, and takes them away when they were idle for some seconds.
    """
    with _own_processes() as mark, tempfile.TemporaryDirectory(prefix="ray") as folder:
        from ray.util import get_node_ip_address

        host = get_node_ip_address()  # type: ignore[no-untyped-call] # Ray's own
        address = f"{host}:{free_port()}"
        settings = Path(folder, "cluster.json")
        settings.write_text(json.dumps(_scaling(address, most)))
        flags = [f"--autoscaling-config={settings}", f"--port={address.rpartition(':')[2]}", f"--temp-dir={folder}"]
        flags += ["--head", "--num-cpus=1", f"--object-store-memory={STORE_BYTES}", "--include-dashboard=false"]
        often = {**os.environ, "AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_FAKE_CLUSTER": "1"}
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *flags]
        try:
            subprocess.run(command, env=often, check=True, stdout=subprocess.DEVNULL, timeout=120)
            yield address
        finally:
            kill(*marked(mark))


def _scaling(address: str, most: int) -> dict[str, Any]:
    """The settings of a cluster whose nodes are processes of this machine, which Ray has for its own tests."""
    node = {"resources": {"CPU": 1, "object_store_memory": STORE_BYTES}, "node_config": {}, "min_workers": 0}
    commands = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")
    pretended = {"type": "fake_multinode", "gcs_address": address, "use_node_id_as_ip": True}
    return {
        "cluster_name": "pretended",
        "max_workers": most,
        "provider": {**pretended, "disable_node_updaters": True, "disable_launch_config_check": True},
        "available_node_types": {
            _HEAD: {"resources": {"CPU": 1}, "node_config": {}, "max_workers": 0},
            "one": {**node, "max_workers": most},
        },
        "head_node_type": _HEAD,
        "upscaling_speed": 1.0,
        "idle_timeout_minutes": 0.1,
        **{f"{name}_commands": [] for name in commands},
        **{name: {} for name in ("auth", "docker", "file_mounts")},
        **{name: [] for name in ("cluster_synced_files", "rsync_exclude", "rsync_filter")},
        "file_mounts_sync_continuously": False,
    }


@contextlib.contextmanager
def _own_processes() -> Iterator[str]:
    """A variable that all processes have that are started in the block, of which none is left in the end."""
    pytest.importorskip("ray")
    before, name, value = dict(os.environ), "GRIDGRAD_TEST_CLUSTER", str(uuid.uuid4())
    # Whoever has a token of Ray's in his home has clusters that ask for it
    os.environ.update({"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", name: value})
    try:
        yield (mark := f"{name}={value}")
    finally:
        os.environ.clear()
        os.environ.update(before)
    eventually(lambda: not marked(mark), "the end of all processes of the cluster and its users")


def _is_agent(pid: int) -> bool:
    """Whether a process is one of Ray's own that it leaves for minutes where a node was killed."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith((b"ray::DashboardAgent", b"ray::RuntimeEnvAgent"))
    return False
