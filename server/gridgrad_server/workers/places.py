"""Where the workers of a server run, as its settings say: on this machine, and in a cluster."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec

from gridgrad_core.errors import MissingExtraError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.config.device_choice import assign, threads_for
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.workers.command import bridge_command, worker_command, worker_flags
from gridgrad_server.workers.transports.local_transport import LocalPlace
from gridgrad_server.workers.transports.ray_transport import RayBridge, RayPlace
from gridgrad_server.workers.transports.transport import WorkerPlace

__all__ = ["aside_place", "places_of"]

_COUNT_WITHIN_S = 60.0


def places_of(settings: ServerSettings) -> list[WorkerPlace]:
    """A place for each worker that there may be: first those of this machine.

    Raises:
        NoDeviceError: CUDA was asked for on this machine, and there is none.
        MissingExtraError: Ray was asked for, and is not installed.
    """
    if settings.ray is not None and find_spec("ray") is None:
        raise MissingExtraError("ray", "is not installed", "pip install 'gridgrad[ray]'")
    local = (settings.max_workers or settings.workers) if settings.ray is None else settings.local_workers
    if local == 0 and settings.ray is not None:
        return _in_cluster(settings, settings.ray, 0)
    devices = assign(settings, local)
    threads = threads_for(len(devices))
    here: list[WorkerPlace] = [LocalPlace(worker_command(settings, device, threads)) for device in devices]
    return here if settings.ray is None else [*here, *_in_cluster(settings, settings.ray, len(here))]


def aside_place(settings: ServerSettings) -> WorkerPlace | None:
    """Where the worker aside runs: on this machine, if the others compute expressions on its processors."""
    local = settings.max_workers or settings.workers
    devices = assign(settings, local) if settings.ray is None and settings.engine == "structured" else []
    if "cpu" not in devices:
        return None
    return LocalPlace([*worker_command(settings, "cpu", threads_for(len(devices))), "--aside"])


def _in_cluster(settings: ServerSettings, address: str, first: int) -> list[WorkerPlace]:
    command = bridge_command(settings, address)
    bridge, flags = RayBridge(command), worker_flags(settings, settings.ray_cpus)
    count = settings.max_workers or settings.workers or _room_in_cluster(settings, command)
    return [
        RayPlace(
            bridge,
            wpb.OpenWorker(
                name=first + i,
                device=settings.device,
                cpus=settings.ray_cpus,
                arguments=flags,
                channel=settings.ray_channel,
            ),
        )
        for i in range(count)
    ]


def _room_in_cluster(settings: ServerSettings, command: list[str]) -> int:
    """How many workers a cluster has room for; 1 where it can't be asked, which is told when that one is started."""
    asked = [*command, "--count", str(settings.ray_cpus), "--device", settings.device]
    try:
        said = subprocess.run(asked, stdout=subprocess.PIPE, timeout=_COUNT_WITHIN_S, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        return 1
    return max(1, int(said.stdout)) if said.stdout.strip().isdigit() else 1
