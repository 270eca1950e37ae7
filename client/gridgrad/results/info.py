"""How a grid was computed."""

from __future__ import annotations

from typing import NamedTuple

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.parse import parse

__all__ = ["FROM_VALUES", "Info", "info_of", "read_info"]

FROM_VALUES = frozenset({"remarks", "not_converged", "integral_error"})
"""What the numbers of a result say, and not the server."""


class Info(NamedTuple):
    """How a grid was computed.

    Args:
        queue_s: seconds between arrival at the server and the start of the first computation.
        compute_s: seconds of computation, summed over the pieces of the grid.
        batch_size: how many requests shared the batch; of several batches, the largest.
        engine: "structured", "functional", or "layers" of registered networks.
        tier: "direct" or "compiled" for the structured engine, else empty.
        device: such as "cpu" or "cuda:0".
        version: the version of the server.
        digest: the digest of the program, hex; empty for a registered function.
        remarks: where derivatives are nan though the value is finite, as `Result.remarks`; of results of more than
            262,144 numbers in all, of those derivatives that are small enough.
        solves: whether the expression solves equations, sums or integrates.
        not_converged: at how many points a value of an expression that does is nan: those where no root was found or
            a bound is none, and those where something else in it is nan.
        integral_error: how far the value or a derivative is off by its integrals, about, where `integral_error` asked
            for that: the farthest that a number of it moves with another number of points, beside the largest.
    """

    queue_s: float
    compute_s: float
    batch_size: int
    engine: str
    tier: str
    device: str
    version: str
    digest: str
    remarks: tuple[str, ...] = ()
    solves: bool = False
    not_converged: int = 0
    integral_error: float | None = None


def info_of(info: pb.Info) -> Info:
    """An Info in plain Python."""
    return Info(
        info.queue_s,
        info.compute_s,
        info.batch_size,
        info.engine,
        info.tier,
        info.device,
        info.version,
        info.digest,
        solves=info.solves,
    )


def read_info(raw: bytes) -> Info:
    """An Info from its bytes.

    Raises:
        InternalError: they are none.
    """
    return info_of(parse(pb.Info(), raw))
