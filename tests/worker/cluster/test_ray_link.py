"""Which deaths are blamed on what was computed, and how a link passes on what Ray says; the rest needs a cluster."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ray", reason="is for developers alone")

from ray.core.generated import common_pb2
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    GetTimeoutError,
    NodeDiedError,
    ObjectLostError,
    ObjectStoreFullError,
    OutOfDiskError,
    OutOfMemoryError,
    WorkerCrashedError,
)

from gridgrad_worker.cluster.ray_link import is_of_its_own, told


def made(kind: Any, *arguments: Any) -> Any:
    """An error of Ray, whose constructors have no types."""
    return kind(*arguments)


CRASHED = (
    "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker "
    "unexpectedly exits with a connection error code 2. End of file. Some common causes include: (1) the process was "
    "killed by the OOM killer due to high memory usage, (2) ray stop --force was called, or (3) the worker crashed "
    "unexpectedly due to SIGSEGV or another unexpected error."
)


def died(why: str) -> ActorDiedError:
    """As Ray raises it where an actor has died."""
    where = {"class_name": "RayWorker", "pid": 11, "node_ip_address": "10.0.0.1", "ray_namespace": "gridgrad"}
    context: Any = common_pb2
    return ActorDiedError(context.ActorDiedErrorContext(error_message=why, actor_id=bytes(16), **where))


@pytest.mark.parametrize(
    ("error", "is_own"),
    [
        (died(CRASHED), True),
        (died("The actor died because its node has died. Node Id: 5f"), False),
        (died("The actor is dead because its owner has died."), False),
        (died("The raylet process which manages the worker has died."), False),
        (died("The actor died because the job has finished."), False),
        (died("The node was preempted."), False),
        (ActorUnavailableError("the connection was lost", None), False),
        (made(NodeDiedError, "a node"), False),
        (WorkerCrashedError(), False),
        (GetTimeoutError("late"), False),
    ],
)
def test_a_death_is_blamed_where_the_process_itself_died(error: Exception, is_own: bool) -> None:
    assert is_of_its_own(error) == is_own


@pytest.mark.parametrize("error", [ObjectStoreFullError("20 MB do not fit"), OutOfDiskError("the disk is full")])
def test_a_store_that_is_full_is_told_with_what_to_do(error: Exception) -> None:
    assert not is_of_its_own(error)
    assert "--object-store-memory" in told(error)
    assert "--piece-cost" in told(error)
    assert str(error.args[0]) in told(error)


def test_other_errors_are_told_in_one_line() -> None:
    said = told(made(ObjectLostError, "ab" * 14, b"address", "stack\n  of\n\n  calls"))
    assert "\n" not in said
    assert said.startswith("ObjectLostError: ")
    assert len(told(made(OutOfMemoryError, "x" * 2000))) < 600
