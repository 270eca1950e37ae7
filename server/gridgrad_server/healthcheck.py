"""Asks a server by the health protocol whether it serves: exits with 0 when it does, else with 1.

    python -m gridgrad_server.healthcheck [ADDRESS]

Without an address it asks the first one that GRIDGRAD_LISTEN names, as in a container.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

__all__ = ["check", "main"]

_TIMEOUT_S = 4.0


def check(address: str) -> str:
    """The status of a server as a word, such as SERVING, or why it could not be asked."""
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
    status: str = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return status


def main() -> int:
    """The exit status for the address in the arguments."""
    listen = os.environ.get("GRIDGRAD_LISTEN", "").split(",")[0] or "localhost:50051"
    address = sys.argv[1] if len(sys.argv) > 1 else listen.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")  # noqa: S104 - not to bind
    status = check(address)
    print(f"{address}: {status}")
    return 0 if status == "SERVING" else 1


if __name__ == "__main__":
    sys.exit(main())
