"""The owner of a worker: who is told what it does."""

from __future__ import annotations

from typing import Protocol

from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.scheduler import BatchWorker

__all__ = ["WorkerOwner"]


class WorkerOwner(Protocol):
    """Who is told what a worker does."""

    def worker_ready(self, name: int, ready: wpb.Ready, took_s: float) -> None:
        """The worker of that number is warm."""

    def worker_refused(self, name: int, why: str) -> None:
        """It can't serve at all."""

    def batch_done(self, worker: BatchWorker, batch: Batch, done: wpb.BatchDone) -> None:
        """It has computed a batch."""

    def batch_lost(self, batch: Batch, blamed: bool, killed_after_s: float | None) -> None:
        """It died with a batch, or was killed since the batch took longer than so many seconds."""

    def function_changed(self, function: FunctionKey, compiled: bool) -> None:
        """It has said whether it has compiled code of a function."""

    def died_of(self, function: FunctionKey) -> None:
        """It died when it was asked about a function."""
