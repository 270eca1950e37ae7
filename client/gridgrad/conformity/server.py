"""A server whose conformity is checked: the ways to it, of those that it offers."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from gridgrad.arguments.bearer_token import bearer
from gridgrad.conformity.call_outcome import CallOutcome
from gridgrad.conformity.grpc_ways import GrpcStream, GrpcUnary
from gridgrad.conformity.http_ways import ByHttp
from gridgrad.conformity.session_way import InSession
from gridgrad.conformity.suite import Checked, Way, check_all
from gridgrad.protocol.options import ConnectionSettings
from gridgrad_core.errors import RequestError, UnavailableError
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["check"]

_PATIENCE_S = 60.0


def check(settings: ConnectionSettings, http: str | None = None, session_socket: str | None = None) -> list[Checked]:
    """Asks a server all published cases, by all ways.

    Args:
        settings: how to connect to it.
        http: its URL for Connect's protocol; None for none.
        session_socket: the path at which it gives sessions to callers on this machine; None for none.

    Raises:
        UnavailableError: there is no such server there.
        RequestError: there are several, or the URL is none.
    """
    if not settings.servers.target or settings.servers.several:
        raise RequestError("--server", "several servers", "name one")
    token = settings.token() if callable(settings.token) else settings.token or ""
    ways_by_http = [_by_http(http, settings, token, is_json=is_json) for is_json in (False, True)] if http else []
    target, options = settings.servers.target, list(settings.options)
    if settings.credentials is None:
        opened = grpc.insecure_channel(target, options)
    else:
        opened = grpc.secure_channel(target, settings.credentials, options)
    with opened as channel:
        unary = GrpcUnary(channel, [bearer(token)] if token else [], settings.timeout_s or _PATIENCE_S)
        stream = GrpcStream(channel, [bearer(token)] if token else [], settings.timeout_s or _PATIENCE_S)
        sessions = [InSession(unary, settings.timeout_s or _PATIENCE_S, path) for path in ("", session_socket or "")]
        return _checked(unary, stream, sessions[: 2 if session_socket else 1], ways_by_http)


def _by_http(url: str, settings: ConnectionSettings, token: str, *, is_json: bool) -> ByHttp:
    way = ByHttp(url, token, settings.timeout_s or _PATIENCE_S, is_json=is_json)
    if token and not (way.is_closed or settings.token_in_clear):
        raise RequestError("--http", "a token for another host, and no TLS", "give https://, or --token-in-clear")
    return way


def _checked(
    unary: GrpcUnary, stream: GrpcStream, sessions: Sequence[InSession], by_http: Sequence[ByHttp]
) -> list[Checked]:
    answer = unary.call("GetServerInfo", b"")
    if isinstance(answer, CallOutcome):
        raise UnavailableError("--server", f"GetServerInfo is refused: {answer.message}", "is this a Gridgrad server?")
    why_none = {session: session.why_not() for session in sessions}
    ways: list[Way] = [unary, stream, *(session for session in sessions if not why_none[session]), *by_http]
    checked = list(check_all(ways, pb.GetServerInfoResponse.FromString(answer)))
    return checked + [Checked(each.name, "sessions/all", skipped=why) for each, why in why_none.items() if why]
