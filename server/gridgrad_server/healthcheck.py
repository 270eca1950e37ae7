"""Asks a server by the health protocol whether it serves: exits with 0 when it does, else with 1.

    python -m gridgrad_server.healthcheck [ADDRESS]

Without an address it asks the one that GRIDGRAD_LISTEN names, as in a container; of several a unix
socket, which needs no TLS, or else the first. To a server with --auth-health it shows the token of GRIDGRAD_TOKEN.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

__all__ = ["check", "main"]

_TIMEOUT_S = 4.0


def check(address: str) -> str:
    """The status of a server as a word, such as SERVING, or why it could not be asked."""
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_S, metadata=_credentials())
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
    status: str = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return status


def _credentials() -> list[tuple[str, str]]:
    token = os.environ.get("GRIDGRAD_TOKEN")
    return [("authorization", f"Bearer {token}")] if token else []


def _local(listen: str) -> str:
    """Where to reach the server that listens there from its own machine: a unix socket, if there is one."""
    addresses = [part.strip() for part in listen.split(",") if part.strip()] or ["localhost:50051"]
    address = next((each for each in addresses if each.startswith("unix:")), addresses[0])
    return address.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:")


@click.command("gridgrad_server.healthcheck", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("address", required=False)
def main(address: str | None) -> None:
    """Asks the server at ADDRESS whether it serves: exits with 0 when it does, else with 1.

    Without an address it asks the one that GRIDGRAD_LISTEN names, or localhost:50051.
    """
    address = address or _local(os.environ.get("GRIDGRAD_LISTEN", ""))
    status = check(address)
    click.echo(f"{address}: {status}")
    sys.exit(0 if status == "SERVING" else 1)


if __name__ == "__main__":
    main(prog_name="python -m gridgrad_server.healthcheck")
