"""The methods of the service: one table, served and called on raw bytes by grpcio's generic handlers."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "DRAIN",
    "EXPLAIN",
    "GRID_GRADIENT",
    "LIST_FUNCTIONS",
    "METHODS",
    "OPEN_SESSION",
    "PREPARE",
    "SERVER_INFO",
    "SERVER_STATUS",
    "SERVICE",
    "STREAM_GRID_GRADIENTS",
    "Method",
]

SERVICE = "gridgrad.v1.GridGradientService"


class Method(NamedTuple):
    """A method of the service.

    Args:
        name: its name in the schema.
    """

    name: str

    @property
    def path(self) -> str:
        """What gRPC calls it by."""
        return f"/{SERVICE}/{self.name}"


GRID_GRADIENT = Method("GridGradient")
STREAM_GRID_GRADIENTS = Method("StreamGridGradients")
LIST_FUNCTIONS = Method("ListFunctions")
SERVER_INFO = Method("GetServerInfo")
SERVER_STATUS = Method("GetServerStatus")
PREPARE = Method("Prepare")
EXPLAIN = Method("Explain")
OPEN_SESSION = Method("OpenSession")
DRAIN = Method("Drain")

METHODS = (
    GRID_GRADIENT,
    STREAM_GRID_GRADIENTS,
    LIST_FUNCTIONS,
    SERVER_INFO,
    SERVER_STATUS,
    PREPARE,
    EXPLAIN,
    OPEN_SESSION,
    DRAIN,
)
