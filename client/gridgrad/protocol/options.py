"""Where a client connects and how: address, credentials, metadata and gRPC's options."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterable, Mapping
from typing import Any, Literal, NamedTuple, cast

import grpc

from gridgrad.arguments.bearer_token import HEADER, Token, token_of
from gridgrad.arguments.credentials import credentials_of_environment
from gridgrad.protocol.retry import timeout_of
from gridgrad.servers.addresses import Address, ServerAddresses, addresses_of
from gridgrad_core.errors import RequestError, UnavailableError

__all__ = [
    "DEFAULT_ADDRESS",
    "DEFAULT_IN_FLIGHT",
    "HEALTH_METHOD",
    "HEALTH_POLL_S",
    "LEAST_LOOK_S",
    "ConnectionSettings",
    "Default",
    "Metadata",
    "arguments_of",
    "check_process",
    "check_serving",
    "leave",
    "settings_of",
]

DEFAULT_ADDRESS = "localhost:50051"
DEFAULT_TIMEOUT_S = 60.0
DEFAULT_RETRIES = 5
DEFAULT_IN_FLIGHT = 1024
CLIENT_ID = "gridgrad-client-id"

# grpc.health.v1.Health, whose messages are these few bytes: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
HEALTH_METHOD = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"
HEALTH_POLL_S = 0.1
LEAST_LOOK_S = 1e-3
"""How long the last look whether a server is ready takes at least, however little time is left."""

_UNIX = ("unix:", "unix-abstract:")

Default = Literal["default"]
"""Stands for what the environment says, and if it says nothing for a fixed value."""
Metadata = Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]]
Pairs = tuple[tuple[str, str | bytes], ...]

_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.max_receive_message_length", -1),  # a caller gets what it asked for
    ("grpc.max_send_message_length", -1),  # the server states its own limit
    # A host that does not answer is given up after 3 s instead of 20, and tried again after 0.1 to 1 s
    # instead of 1 to 120 s
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.dns_ares_query_timeout", 3_000),
    # A connection that died silently under a call is noticed after 90 s: gRPC gives a ping a minute, whatever
    # keepalive_timeout_ms says, and less would end calls over slow networks, whose answers stand in front of the ping's
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.use_local_subchannel_pool", 1),  # one connection for each client
    # A server goes on sending a large result while its caller puts what has come into place: 8 MiB instead of 64 KiB
    ("grpc.http2.lookahead_bytes", 8 << 20),
    ("grpc.http2.max_frame_size", 1 << 20),
)

_SPREAD: tuple[tuple[str, Any], ...] = (
    # Calls in turns to all servers that say that they serve: not to one that starts or stops, nor to one that is gone
    ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}'),
    # One that hangs is left after 20 s, since there are others; servers allow pings every 10 s. Without pings that
    # measure the network they come only where nothing else has come for so long: nothing stands in front of them
    ("grpc.keepalive_time_ms", 12_000),
    ("grpc.http2.ping_timeout_ms", 8_000),
    ("grpc.http2.bdp_probe", 0),
)
_AUTHORITY = "grpc.default_authority"
_AGENT = "grpc.primary_user_agent"


class ConnectionSettings(NamedTuple):
    """How to connect.

    Args:
        servers: where to.
        credentials: for TLS; None for a connection in the clear.
        metadata: what goes with every call.
        options: gRPC's channel options, ours and then the caller's.
        timeout_s: of a call that gives none; None for no limit.
        retries: how many attempts may follow the first.
        sessions: whether to ask the server for sessions, since it may be on this machine.
        server_name: whom its certificate is to name, where that is not the address.
        token: for servers that know their callers.
        token_in_clear: whether it may go to another host without TLS.
    """

    servers: ServerAddresses
    credentials: grpc.ChannelCredentials | None
    metadata: tuple[tuple[str, str | bytes], ...]
    options: tuple[tuple[str, Any], ...]
    timeout_s: float | None
    retries: int
    sessions: bool
    server_name: str | None = None
    token: Token | None = None
    token_in_clear: bool = False

    @property
    def channel_options(self) -> tuple[tuple[str, Any], ...]:
        """The options, each once with its last value: of two gRPC takes the first. Names of agents it puts in a row."""
        agents = [pair for pair in self.options if pair[0] == _AGENT]
        return *agents, *(pair for pair in dict(self.options).items() if pair[0] != _AGENT)

    @property
    def target(self) -> str:
        """Where to, as messages name it."""
        return self.servers.text


def settings_of(
    address: Address | None,
    *,
    credentials: grpc.ChannelCredentials | Default | None,
    metadata: Metadata | None,
    timeout: float | Default | None,
    retries: int | Default,
    proxy: bool,
    sessions: bool,
    options: Iterable[tuple[str, Any]],
    server_name: str | None = None,
    token: Token | None = None,
    token_in_clear: bool = False,
) -> ConnectionSettings:
    """Reads the arguments of a client; see `Client`.

    Raises:
        RequestError: an address that gRPC would misread, a timeout or number of retries that is none, or a token that
            would go to another host in the clear.
    """
    server_name = os.environ.get("GRIDGRAD_TLS_SERVER_NAME") or None if server_name is None else server_name
    servers = addresses_of(os.environ.get("GRIDGRAD_SERVER") or DEFAULT_ADDRESS if address in (None, "") else address)
    trusted, pairs = _credentials(credentials, servers.target), _metadata(metadata)
    return ConnectionSettings(
        servers=servers,
        credentials=trusted,
        metadata=pairs,
        options=(
            *_OPTIONS,
            *(_SPREAD if servers.several else ()),
            *_authority(servers, server_name),
            _agent(),
            ("grpc.enable_http_proxy", int(proxy)),
            *options,
        ),
        timeout_s=_timeout_s(timeout),
        retries=_retries(retries),
        sessions=sessions and os.environ.get("GRIDGRAD_SESSIONS") != "0" and servers.is_near,
        server_name=server_name,
        token=_token(token, pairs, token_in_clear, is_closed=trusted is not None or servers.are_near),
        token_in_clear=token_in_clear,
    )


def arguments_of(settings: ConnectionSettings) -> dict[str, Any]:
    """The arguments of a client with these settings, such as for another process.

    Raises:
        RequestError: there are credentials, which can't be sent there.
    """
    if settings.credentials is not None:
        remedy = "make a client in each process, as gridgrad.Client(address, credentials=...)"
        raise RequestError("client", "it has credentials, which can't be pickled or copied", remedy)
    ours = [name for name, _ in settings.options].index(_AGENT)
    (_, proxy), *options = settings.options[ours + 1 :]
    return {
        "address": settings.target,
        "credentials": None,
        "metadata": settings.metadata,
        "timeout": settings.timeout_s,
        "retries": settings.retries,
        "proxy": bool(proxy),
        "sessions": settings.sessions,
        "options": tuple(options),
        "server_name": settings.server_name,
        "token": settings.token,
        "token_in_clear": settings.token_in_clear,
    }


def check_process(made_in: int) -> None:
    """Refuses to go on in a process forked from the one that made the client, where gRPC would hang.

    Raises:
        RequestError: this is another process.
    """
    if os.getpid() != made_in:
        found = f"made in process {made_in} and used in {os.getpid()}, forked from it"
        raise RequestError("client", found, "make a client in each process, after the fork")


def check_serving(health: bytes, target: str) -> None:
    """Reads a HealthCheckResponse.

    Raises:
        UnavailableError: it says anything but SERVING.
    """
    if health != SERVING:
        raise UnavailableError("", f"{target} has no warm worker, or is stopping", "wait, or see the server's log")


def leave(answers: Any) -> None:
    """Ends a call whose answers nobody waits for any more.

    Args:
        answers: as gRPC gives them, or a generator that a package for traces has put around them.
    """
    if isinstance(answers, Generator):
        answers.close()
        return
    answers.cancel()
    # gRPC keeps a call of SingleThreadedUnaryStream, its connection and what it has received until the end of the call
    # was taken in, and nothing public takes it in after cancel
    take_in = getattr(answers, "_consume_next_event", None)
    # An interrupt may have kept gRPC from noting an answer, which it then does not know again
    with contextlib.suppress(KeyError):
        while take_in and answers._state.due:
            take_in()


def _credentials(given: grpc.ChannelCredentials | Default | None, target: str) -> grpc.ChannelCredentials | None:
    if given != "default":
        return given
    # A unix socket leads to this machine alone, where servers have no TLS
    return None if target.startswith(_UNIX) else credentials_of_environment()


def _token(given: Token | None, metadata: Pairs, in_clear: bool, *, is_closed: bool) -> Token | None:
    is_default = given == "default"
    if any(key == HEADER for key, _ in metadata):  # as callers of servers behind a proxy have given it all along
        if given is None or is_default:
            return None
        raise RequestError("token", f"one beside metadata with {HEADER}", "give one of the two")
    return token_of(given, is_default=is_default, is_closed=is_closed, in_clear=in_clear)


def _timeout_s(given: float | Default | None) -> float | None:
    if given != "default":
        return timeout_of(given, None)
    text = os.environ.get("GRIDGRAD_TIMEOUT")
    if not text:
        return DEFAULT_TIMEOUT_S
    try:
        return timeout_of(float(text), None)
    except (ValueError, RequestError):
        raise RequestError("GRIDGRAD_TIMEOUT", f"{text!r}", "give seconds, more than 0, or inf for no limit") from None


def _retries(given: int | Default) -> int:
    name, text = "retries", cast("int | str", given)
    if given == "default":
        name, text = "GRIDGRAD_RETRIES", os.environ.get("GRIDGRAD_RETRIES") or DEFAULT_RETRIES
    retries = int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() else text
    if not isinstance(retries, int) or retries < 0:
        raise RequestError(name, f"{text!r}", "give a whole number, 0 for a single attempt")
    return retries


def _authority(servers: ServerAddresses, server_name: str | None) -> tuple[tuple[str, Any], ...]:
    """Whom calls ask for and certificates have to name, where gRPC would not take it from the address.

    Raises:
        RequestError: the name is no text.
    """
    if server_name is not None and (not isinstance(server_name, str) or not server_name):
        raise RequestError("server_name", f"{server_name!r}", "give the name that the server's certificate has")
    if server_name is None and (not servers.several or servers.target.startswith("dns:")):
        return ()
    return ((_AUTHORITY, server_name or servers.listed[0]),)


def _agent() -> tuple[str, str]:
    """Tells this client from others: in the name of its kind, which goes with every call at no cost."""
    return _AGENT, f"{CLIENT_ID}/{os.urandom(8).hex()}"


def _metadata(metadata: Metadata | None) -> Pairs:
    pairs = metadata.items() if isinstance(metadata, Mapping) else metadata or ()
    return tuple((key.lower(), value) for key, value in pairs)
