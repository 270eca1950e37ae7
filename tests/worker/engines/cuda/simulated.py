"""A GPU, simulated: what is queued runs later, in every order that the streams allow.

While a device is `running`, operations on tensors are not done but queued in its computing stream, and a
tensor holds nonsense until its operation has run. Copies of results are queued in the other stream. What
runs when is up to a schedule; only events hold streams back. So a wait that is missing shows as wrong numbers.
"""

from __future__ import annotations

import contextlib
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gridgrad_worker.devices.device import Bytes
from gridgrad_worker.devices.transfers import ResultTransfers

__all__ = ["SCHEDULES", "SimulatedDevice", "SimulatedEvent", "SimulatedStream", "make_schedule"]

_ATEN = torch.ops.aten
_AT_ONCE = (_ATEN.lift_fresh.default, _ATEN.detach.default)


Schedule = Callable[["SimulatedDevice"], None]


class SimulatedEvent(NamedTuple):
    """A place in a stream: after so many of its tasks."""

    stream: SimulatedStream
    tasks: int

    @property
    def reached(self) -> bool:
        return self.stream.done >= self.tasks

    def synchronize(self) -> None:
        while not self.reached:
            self.stream.advance()


class SimulatedStream:
    """A queue of tasks and of events to wait for.

    Args:
        device: has the stream.
    """

    def __init__(self, device: SimulatedDevice) -> None:
        self._queue: deque[Callable[[], object] | SimulatedEvent] = deque()
        self._device = device
        self.queued = self.done = 0

    def record_event(self) -> SimulatedEvent:
        return SimulatedEvent(self, self.queued)

    def wait_event(self, event: SimulatedEvent) -> None:
        self._queue.append(event)
        self.queued += 1

    def copy(self, source: Tensor, to: Tensor) -> None:
        assert source.is_contiguous()
        assert to.is_contiguous()
        assert source.shape == to.shape
        self.queue(lambda: to.copy_(source))

    def queue(self, task: Callable[[], object]) -> None:
        self._queue.append(task)
        self.queued += 1
        self._device.schedule(self._device)

    @property
    def is_free(self) -> bool:
        """Whether there is something to do that waits for nothing."""
        return bool(self._queue) and (not isinstance(self._queue[0], SimulatedEvent) or self._queue[0].reached)

    def advance(self) -> None:
        """Does the next task, and first what it waits for."""
        task = self._queue[0]
        if isinstance(task, SimulatedEvent):
            task.synchronize()
        self._queue.popleft()
        self.done += 1
        if not isinstance(task, SimulatedEvent):
            with self._device.at_once():
                task()


class SimulatedDevice:
    """A device with two streams.

    Args:
        schedule: is called after each task that is queued, and decides what is done then.
    """

    name = "simulated"
    torch_device = torch.device("cpu")

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.executing = False
        self.computing, self.copying = SimulatedStream(self), SimulatedStream(self)
        self.transfers: ResultTransfers[SimulatedEvent] = ResultTransfers(self.computing, self.copying, _bytes, _bytes)
        self.freed = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Queues operations on tensors instead of doing them."""
        with _Queueing(self):
            yield

    def chunk_points(self, _: int) -> int:
        return 1 << 16

    def staging(self, inputs: int, points: int, dtype: torch.dtype) -> Tensor:
        return torch.empty(inputs, points, dtype=dtype)

    def upload(self, staged: Tensor) -> Tensor:
        return staged

    def download(self, results: Sequence[Tensor]) -> list[NDArray[np.floating]]:
        return [result.numpy(force=True) for result in results]

    def write(self, numbers: NDArray[np.floating], into: Tensor) -> None:
        staged = torch.from_numpy(np.array(numbers))
        self.computing.queue(lambda: into.copy_(staged))

    def drain(self) -> None:
        self.transfers.drain()

    def pin(self, memory: Bytes) -> None: ...

    def unpin(self, memory: Bytes) -> None: ...

    def free(self) -> None:
        self.transfers.free()
        self.freed += 1

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Does operations on tensors, as a task that runs must."""
        before, self.executing = self.executing, True
        try:
            yield
        finally:
            self.executing = before


class _Queueing(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no types there
    def __init__(self, device: SimulatedDevice) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # the same
        self._device = device

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        makes = not any(isinstance(each, Tensor) for each in [*_flat(args), *given.values()])
        if self._device.executing or makes or func.is_view or func in _AT_ONCE:
            return func(*args, **given)
        if func._schema.is_mutable:
            self._device.computing.queue(lambda: func(*args, **given))
            return given.get("out", args[0])
        nonsense = func(*args, **given)
        assert isinstance(nonsense, Tensor), f"{func} would wait for the device"
        if nonsense.dtype.is_floating_point:
            nonsense.fill_(-98765.0)
        self._device.computing.queue(lambda: nonsense.copy_(func(*args, **given)))
        return nonsense


def _flat(args: Sequence[Any]) -> Iterator[Any]:
    for each in args:
        if isinstance(each, list | tuple):
            yield from each
        else:
            yield each


def _bytes(size: int) -> Tensor:
    return torch.full((size,), 77, dtype=torch.uint8)


def _as_late_as_can_be(_: SimulatedDevice) -> None:
    """Nothing runs before the host waits for it."""


def _computing_first(device: SimulatedDevice) -> None:
    while device.computing.is_free:
        device.computing.advance()


def _copying_first(device: SimulatedDevice) -> None:
    while device.copying.is_free:
        device.copying.advance()


def _by_chance(seed: int) -> Schedule:
    draw = random.Random(seed)  # noqa: S311 - nothing is secret

    def schedule(device: SimulatedDevice) -> None:
        for stream in draw.sample([device.computing, device.copying], 2):
            while stream.is_free and draw.random() < 0.6:
                stream.advance()

    return schedule


def make_schedule(name: str) -> Schedule:
    """A schedule of `SCHEDULES`."""
    by_name = {"late": _as_late_as_can_be, "computing first": _computing_first, "copying first": _copying_first}
    return by_name[name] if name in by_name else _by_chance(int(name))


SCHEDULES = ("late", "computing first", "copying first", "0", "1")
"""Their names; numbers are seeds of those that go by chance."""
