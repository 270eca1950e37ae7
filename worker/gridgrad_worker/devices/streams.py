"""Streams: the queues of a GPU, one that computes and one that copies results to the host."""

from __future__ import annotations

from typing import Protocol, TypeVar

import torch
from torch import Tensor

__all__ = ["CudaEvent", "CudaStream", "DeviceStream", "StreamEvent"]


class StreamEvent(Protocol):
    """A place in a stream."""

    def synchronize(self) -> None:
        """Waits until all that was queued before it is done."""


M = TypeVar("M", bound=StreamEvent)


class DeviceStream(Protocol[M]):
    """A queue: what is in it runs in order, and beside what is in other streams."""

    def record_event(self) -> M:
        """Marks the end of what has been queued so far."""

    def wait_event(self, event: M) -> None:
        """What is queued from now on begins after an event of another stream."""

    def copy(self, source: Tensor, to: Tensor) -> None:
        """Queues a copy between contiguous tensors of one shape."""


class CudaEvent:
    """A place in a stream.

    Args:
        stream: whose end it is.
    """

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self.event = torch.cuda.Event()  # type: ignore[no-untyped-call] # torch has no types there
        self.event.record(stream)

    def synchronize(self) -> None:
        """Waits until all that was queued before it is done."""
        self.event.synchronize()


class CudaStream:
    """A stream.

    Args:
        stream: what is queued in.
    """

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self._stream = stream

    def record_event(self) -> CudaEvent:
        """Marks the end of what has been queued so far."""
        return CudaEvent(self._stream)

    def wait_event(self, event: CudaEvent) -> None:
        """What is queued from now on begins after an event of another stream."""
        self._stream.wait_event(event.event)

    def copy(self, source: Tensor, to: Tensor) -> None:
        """Queues a copy between contiguous tensors of one shape."""
        with torch.cuda.stream(self._stream):
            to.copy_(source, non_blocking=True)
