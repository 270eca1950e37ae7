"""A Ray cluster of one node on this machine, for servers whose workers run there.

At its end it tells what its object store took.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path
from typing import Any

from ray.cluster_utils import Cluster

__all__: list[str] = []


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address-file", type=Path, required=True)
    parser.add_argument("--cpus", type=int, required=True, help="that the node says it has")
    parser.add_argument("--store-mib", type=int, required=True, help="of its object store")
    options = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    sizes = {"num_cpus": options.cpus, "object_store_memory": options.store_mib << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=sizes)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())  # in place of Ray's own, which ends all at once
    try:
        started = options.address_file.with_suffix(".new")
        started.write_text(f"{cluster.address}\n")
        started.rename(options.address_file)  # so that nobody reads half of it
        stopped.wait()
        head: Any = cluster.head_node
        raylet = head.all_processes["raylet"][0].process.pid
        print(f"object store: {_store_mib(raylet):.0f} MiB at most, of {options.store_mib}", flush=True)
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call] # Ray's own


def _store_mib(raylet: int) -> float:
    """What a store has ever taken: it gives no page back."""
    files = Path(f"/proc/{raylet}/fd").iterdir()
    return sum(file.stat().st_blocks * 512 for file in files if "plasma" in str(file.readlink())) / (1 << 20)


if __name__ == "__main__":
    _main()
