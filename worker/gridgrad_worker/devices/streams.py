"""Lanes: the queues of a GPU, one that computes and one that copies results to the host."""

from __future__ import annotations

from typing import Protocol, TypeVar

import torch
from torch import Tensor

__all__ = ["CudaLane", "CudaMark", "Lane", "Mark"]


class Mark(Protocol):
    """A place in a lane."""

    def wait(self) -> None:
        """Waits until all that was queued before it is done."""


M = TypeVar("M", bound=Mark)


class Lane(Protocol[M]):
    """A queue: what is in it runs in order, and beside what is in other lanes."""

    def mark(self) -> M:
        """Marks the end of what has been queued so far."""

    def follow(self, mark: M) -> None:
        """What is queued from now on begins after a mark of another lane."""

    def copy(self, source: Tensor, to: Tensor) -> None:
        """Queues a copy between contiguous tensors of one shape."""


class CudaMark:
    """A place in a stream.

    Args:
        stream: whose end it marks.
    """

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self.event = torch.cuda.Event()  # type: ignore[no-untyped-call] # torch has no types there
        self.event.record(stream)

    def wait(self) -> None:
        """Waits until all that was queued before it is done."""
        self.event.synchronize()


class CudaLane:
    """A stream.

    Args:
        stream: what is queued in.
    """

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self._stream = stream

    def mark(self) -> CudaMark:
        """Marks the end of what has been queued so far."""
        return CudaMark(self._stream)

    def follow(self, mark: CudaMark) -> None:
        """What is queued from now on begins after a mark of another lane."""
        self._stream.wait_event(mark.event)

    def copy(self, source: Tensor, to: Tensor) -> None:
        """Queues a copy between contiguous tensors of one shape."""
        with torch.cuda.stream(self._stream):
            to.copy_(source, non_blocking=True)
