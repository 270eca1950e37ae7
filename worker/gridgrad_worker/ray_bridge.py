"""The process that speaks to a Ray cluster for the server, which starts it: `python -m gridgrad_worker.ray_bridge`.

For the server each worker of the cluster is a socket, as one of its own is. Ray lives in this process alone: where
it ends the process that uses it, as it does when its cluster is gone, the server goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Sequence
from typing import Any

from gridgrad_core.errors import MissingExtraError
from gridgrad_core.extras import optional
from gridgrad_core.system.logging import configure
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.ray_worker import RayWorker
from gridgrad_worker.runtime import process
from gridgrad_worker.runtime.channel import Channel

__all__ = ["main"]

_REACH_WITHIN_S = 10.0

EXIT_OK, EXIT_UNREACHED = 0, 3

_log = logging.getLogger("gridgrad_worker.ray")


def main(arguments: Sequence[str] | None = None) -> int:
    """Speaks for workers until the server closes its end.

    Returns:
        The exit status: 0 after that, 3 when the cluster can't be reached, which the server was told.
    """
    parser = argparse.ArgumentParser(
        prog="gridgrad_worker.ray_bridge",
        description="Speaks to a Ray cluster for gridgrad-server.",
        allow_abbrev=False,
    )
    parser.add_argument("--fd", type=int, help="descriptor of the socket to the server")
    parser.add_argument("--count", type=int, metavar="CPUS", help="print how many workers there is room for, and end")
    parser.add_argument("--device", default="auto", help="what they are to compute on, for --count")
    parser.add_argument("--ray", required=True, help="address of the cluster")
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    options = parser.parse_args(arguments)
    process.ignore_signals()
    process.die_with_parent()
    configure(options.log_format, options.log_level, pid=os.getpid())
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if options.count:
        return _count(options)
    with socket.socket(fileno=options.fd) as connection:
        control = Channel(connection)
        with contextlib.suppress(ConnectionError):
            return _serve(control, options.ray)
        return EXIT_OK


def _count(options: argparse.Namespace) -> int:
    if _connect(options.ray):
        return EXIT_UNREACHED  # the server is told why when it asks for its first worker
    ray: Any = optional("ray", "ray")
    gpus = 0 if options.device == "cpu" else int(ray.cluster_resources().get("GPU", 0))
    each = [int(node["Resources"].get("CPU", 0)) // options.count for node in ray.nodes() if node["Alive"]]
    print(gpus or sum(each))
    return EXIT_OK


def _serve(control: Channel, address: str) -> int:
    why = _connect(address)
    control.send(pb.ClusterReport(failure=why).SerializeToString())
    if why:
        return EXIT_UNREACHED
    from gridgrad_worker.cluster.ray_link import RayLink

    links = []
    while (frame := control.receive()) is not None:
        asked = pb.OpenWorker.FromString(frame.message)
        (descriptor,) = frame.descriptors
        links.append(RayLink(socket.socket(fileno=descriptor), asked, _start, _room))
    return EXIT_OK  # and Ray ends what it has started for this process


def _connect(address: str) -> str:
    """Joins a cluster; why not, if it can't be."""
    try:
        _reach(address)
        ray = optional("ray", "ray")
        ray.init(address, log_to_driver=False, logging_level="error", configure_logging=False, namespace="gridgrad")
    except MissingExtraError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - Ray raises many kinds, and the server is told
        said = " ".join(str(error).split())[:600]
        return (
            f"no Ray cluster to join at {address}: {type(error).__name__}: {said}; see that it runs, that this machine "
            "may reach it, that both have one version of Ray and of Python, and if it asks for a token, "
            "that RAY_AUTH_MODE=token is set here"
        )
    return ""


def _reach(address: str) -> None:
    """Sees that something listens at HOST:PORT, since Ray would try for minutes.

    Raises:
        OSError: nothing does.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _REACH_WITHIN_S).close()


def _start(asked: pb.OpenWorker) -> tuple[Any, list[str]]:
    """Asks the cluster for a worker; its handle, and its flags."""
    ray: Any = optional("ray", "ray")
    gpus = asked.device == "cuda" or (asked.device == "auto" and ray.cluster_resources().get("GPU", 0) > 0)
    made: Any = ray.remote(RayWorker)
    options = {"num_cpus": asked.cpus, "num_gpus": int(gpus), "scheduling_strategy": "SPREAD", "max_restarts": 0}
    return made.options(**options).remote(), ["--device", "cuda:0" if gpus else "cpu", *asked.arguments]


def _room() -> str:
    ray: Any = optional("ray", "ray")
    free, there = ray.available_resources(), ray.cluster_resources()
    said = ", ".join(f"{free.get(name, 0):g} of {there.get(name, 0):g} {name}s are free" for name in ("CPU", "GPU"))
    return f"{said}; add nodes, ask for fewer --workers or --ray-cpus, or leave it: it starts as soon as there is room"


if __name__ == "__main__":
    sys.exit(main())
