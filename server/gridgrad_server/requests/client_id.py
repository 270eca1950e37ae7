"""Who calls: a principal, or where there are none a host, and a client of it. Callers take turns in the queue."""

from __future__ import annotations

import functools
import zlib
from typing import Any

import grpc

from gridgrad_server.access.grants import GRANT

__all__ = ["MOST_PER_HOST", "caller_of", "local_caller_of"]

MOST_PER_HOST = 256
"""Turns that one host or principal can get, however many clients it claims to be."""

_CLIENT_ID = "gridgrad-client-id"


def caller_of(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    """Names the caller of a call.

    Clients are told apart by the id in their metadata or user agent, or else by their connection; callers that come
    over a unix socket have no address of their own.
    """
    grant = GRANT.get()
    principal, agent = grant.principal if grant else "", None
    for key, value in context.invocation_metadata() or ():
        if key == _CLIENT_ID:
            return _name(context.peer(), value, principal)
        if key == "user-agent" and str(value).startswith(_CLIENT_ID):
            agent = value
    return _name(context.peer(), agent, principal)


def local_caller_of(uid: int, pid: int, principal: str = "") -> str:
    """Names a caller who has come without gRPC: the user of this machine, and his process.

    Args:
        uid: of the user.
        pid: of the process.
        principal: that he is; empty where callers need no credentials.
    """
    return _name(f"unix:{uid}:{pid}", None, principal)


@functools.lru_cache(1024)
def _name(peer: str, client: str | bytes | None, principal: str) -> str:
    host, _, connection = peer.rpartition(":")
    owner = f"@{principal}" if principal else host  # no address begins so
    return f"{owner} {zlib.crc32(str(client or connection).encode()) % MOST_PER_HOST}"
