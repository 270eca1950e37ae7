"""The methods of the service: one table, served and called on raw bytes by grpcio's generic handlers."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["GRID_GRADIENT", "LIST_FUNCTIONS", "METHODS", "SERVER_INFO", "SERVICE", "STREAM_GRID_GRADIENTS", "Method"]

SERVICE = "gridgrad.v1.GridGradientService"


class Method(NamedTuple):
    """A method of the service.

    Args:
        name: its name in the schema.
        streaming: whether requests and responses are streams; no method has only one of them so.
    """

    name: str
    streaming: bool = False

    @property
    def path(self) -> str:
        """What gRPC calls it by."""
        return f"/{SERVICE}/{self.name}"


GRID_GRADIENT = Method("GridGradient")
STREAM_GRID_GRADIENTS = Method("StreamGridGradients", streaming=True)
LIST_FUNCTIONS = Method("ListFunctions")
SERVER_INFO = Method("GetServerInfo")

METHODS = (GRID_GRADIENT, STREAM_GRID_GRADIENTS, LIST_FUNCTIONS, SERVER_INFO)
