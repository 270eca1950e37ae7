"""The standard health service and reflection, from the packages of grpcio."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gridgrad_core.wire.methods import SERVICE

__all__ = ["Health"]

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """What the server answers to grpc.health.v1, for the whole and for the service by name.

    Args:
        server: gets the health service and reflection.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self._servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        names = SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME
        reflection.enable_server_reflection(names, server)

    async def set(self, serving: bool) -> None:
        """Says whether calls are computed."""
        status = _SERVING if serving else _NOT_SERVING
        for name in ("", SERVICE):
            await self._servicer.set(name, status)
