"""What the server does for the quotas of one request, beside the same without them."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from collections.abc import Iterator, Sequence

from benchmarks.harness.block import Block, Order, Run
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.config.quota_limits import limits_of
from gridgrad_server.scheduling.admission import Admission

__all__ = ["counted", "remembered"]

REQUEST_BYTES, RESULT_BYTES, COST = 1000, 24_576, 3072
LIMITS = ("requests=64", "bytes=256MiB", "cost-rate=1e15", "sessions=8", "preparations=2")
TIMES = 20_000


def _quotas(principals: int) -> Quotas:
    quotas = Quotas(limits_of(LIMITS))
    quotas.replace({f"principal-{number}": ("weight=0.5",) for number in range(principals)})
    return quotas


@contextlib.contextmanager
def counted(principals: int) -> Iterator[Run]:
    """Requests of as many principals in turns, from their admission to their end.

    Args:
        principals: how many there are.
    """
    callers = [f"@principal-{number} 7" for number in range(principals)]
    quotas = _quotas(principals)

    def run(_: Order) -> Block:
        start_at = time.perf_counter()
        without_s, with_s = _requests(callers, None), _requests(callers, quotas)
        figures = {"µs of quotas": 1e6 * (with_s - without_s) / TIMES}
        return Block([with_s / TIMES], time.perf_counter() - start_at, figures)

    yield run


def _requests(callers: Sequence[str], quotas: Quotas | None) -> float:
    """Seconds of the processor that they take."""
    admission = Admission(1024, 1 << 30, quotas=quotas)
    began_at = time.process_time()
    for number in range(TIMES):
        caller = callers[number % len(callers)]
        permit = admission.take(REQUEST_BYTES, caller)
        if quotas:
            quotas.account(caller).spend(COST)
            quotas.weight_of("@principal-1")  # as the queue does when it charges for a batch
        permit.grow(RESULT_BYTES)
        permit.give_back()
    return time.process_time() - began_at


@contextlib.contextmanager
def remembered(principals: int) -> Iterator[Run]:
    """The memory of as many principals, each with limits and a request of its own behind it.

    Args:
        principals: how many there are.
    """

    def run(_: Order) -> Block:
        start_at = time.perf_counter()
        tracemalloc.start()
        quotas = _quotas(principals)
        for number in range(principals):
            quotas.account(f"@principal-{number} 7").spend(COST)
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        seconds = time.perf_counter() - start_at
        return Block([seconds], seconds, {"bytes a principal": taken / principals})

    yield run
