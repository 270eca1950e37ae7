# Written by `make sync` from gridgrad/aio/channel.py; change that one.
"""The channel of a client: the methods of the servers that it calls, as bytes in and bytes out."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from gridgrad.arguments.call_metadata import CallMetadata
from gridgrad.protocol.options import ConnectionSettings
from gridgrad.requests.call_numbers import CallNumbers
from gridgrad.requests.prepare import PreparedCall, stream_message
from gridgrad.servers.addresses import target_of
from gridgrad.servers.lookup import NameLookup, NamesUnknown, numbers_of_names
from gridgrad.sync.pool import SessionPool
from gridgrad.sync.primitives import Lock, metadata_from, open_channel, run_within
from gridgrad_core.errors import UnsupportedError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.features import check_features
from gridgrad_core.wire.methods import GRID_GRADIENT, OPEN_SESSION, SERVER_INFO, STREAM_GRID_GRADIENTS
from gridgrad_core.wire.parse import parse

__all__ = ["ServerChannels", "ServiceChannel"]

T = TypeVar("T")

MOST_STREAMS = 64
UNKNOWN_STREAMS = 2

if TYPE_CHECKING:  # grpc's own classes take no parameters at run time
    Unary = grpc.UnaryUnaryMultiCallable[bytes, bytes]
    UnaryStream = grpc.UnaryStreamMultiCallable[bytes, bytes]
    StreamStream = grpc.StreamStreamMultiCallable[bytes, bytes]


class ServiceChannel:
    """A channel, and the sessions that stand beside it.

    Args:
        settings: how it connects.
        target: where to, as gRPC takes it.

    Attributes:
        target: the same.
        sessions: those with the server, if it is on this machine.
        features: what is known to be known there; of several servers, to all.
        is_older: whether one is known to be too old for what can travel in another form.
        numbers: that the server has given to calls; of several servers none.
    """

    def __init__(self, settings: ConnectionSettings, target: str) -> None:
        self.target = target
        self.features: frozenset[str] = frozenset()
        self.is_older = False
        self.numbers = CallNumbers(are_asked_for=not settings.servers.several)
        self._channel = open_channel(settings, target)
        self._metadata = CallMetadata(settings.metadata, settings.token, metadata_from)
        self.sessions = SessionPool(functools.partial(_open_session, self._channel, self._metadata), settings)
        # Without serializers these take and give bytes
        self._unary: Unary = self._channel.unary_unary(GRID_GRADIENT.path)
        # One request and many answers are on the wire what the bidirectional method expects
        self._whole: UnaryStream = self._channel.unary_stream(STREAM_GRID_GRADIENTS.path)
        self._many: StreamStream = self._channel.stream_stream(STREAM_GRID_GRADIENTS.path)

    def plain(self, path: str, raw: bytes, timeout_s: float | None) -> bytes:
        """Calls a method that takes and gives one message."""
        method: Unary = self._channel.unary_unary(path)
        return method(raw, timeout=timeout_s, metadata=self._metadata.get())

    def check(self, features: Collection[str], timeout_s: float | None) -> None:
        """Asks the server whether it has such features.

        Raises:
            UnsupportedError: it has not.
        """
        info = parse(pb.GetServerInfoResponse(), self.plain(SERVER_INFO.path, b"", timeout_s))
        check_features(features, info.features, info.version)

    def unary(self, call: PreparedCall, timeout_s: float | None) -> bytes:
        """Asks for one grid in one message."""
        return self._unary(call.message, timeout=timeout_s, metadata=self._metadata.get())

    def open_whole(self, call: PreparedCall, timeout_s: float | None) -> Any:
        """Asks for one grid of any size; gives the messages of the answer."""
        return self._whole(stream_message(1, [call]), timeout=timeout_s, metadata=self._metadata.get())

    def open_stream(self, messages: Iterator[bytes], timeout_s: float | None) -> Any:
        """Asks for many grids; gives the messages of the answers."""
        return self._many(messages, timeout=timeout_s, metadata=self._metadata.get())

    def close(self) -> None:
        """Ends sessions and channel; calls that are under way are cancelled."""
        self.sessions.close()
        self._channel.close()


class ServerChannels:
    """The channel of a client, and where names in a list of servers stand for other addresses than before, the next.

    gRPC connects again by itself, and looks up again the one name that it takes. A channel that was left may still have
    calls under way, so it is closed when the next one is left.

    Args:
        settings: where to, and how.

    Attributes:
        latest: the channel; None while names were not looked up.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        servers = settings.servers
        self._settings = settings
        self._lookup = NameLookup(() if servers.target else servers.names)
        self._lock = Lock()
        self._left: ServiceChannel | None = None
        self.latest = ServiceChannel(settings, servers.target) if servers.target else None

    @property
    def has_sessions(self) -> bool:
        """Whether calls go by sessions, and so over no network."""
        return self.latest is not None and len(self.latest.sessions) > 0

    def get(self, timeout_s: float | None) -> ServiceChannel:
        """The channel.

        Args:
            timeout_s: seconds to wait where names are looked up; None for no limit.

        Raises:
            NamesUnknown: they stand for nothing, or it took longer.
        """
        if self.latest is not None and not self._lookup.take_turn():
            return self.latest
        return self._looked_up(timeout_s)

    def each(self, timeout_s: float | None) -> list[ServiceChannel]:
        """A further channel to each server alone, which whoever asked closes.

        Args:
            timeout_s: seconds to wait where names are looked up; None for no limit.

        Raises:
            NamesUnknown: they stand for nothing, or it took longer.
        """
        servers = self._settings.servers
        target = (self.get(timeout_s)).target
        if target.startswith("dns:"):
            try:
                target = target_of(run_within(functools.partial(numbers_of_names, servers.names), timeout_s))
            except TimeoutError as error:
                raise NamesUnknown("the lookup takes too long") from error
        kind, _, listed = target.partition(":")
        return [ServiceChannel(self._settings, f"{kind}:{each}") for each in listed.split(",")]

    def count(self, timeout_s: float | None) -> int:
        """How many servers there are, as far as can be told, and no more than MOST_STREAMS.

        Args:
            timeout_s: seconds to wait where names are looked up; None for no limit.
        """
        servers = self._settings.servers
        try:
            if servers.target.startswith("dns:"):
                found = run_within(functools.partial(numbers_of_names, servers.names), timeout_s)
                return min(len(found), MOST_STREAMS)
            channel = self.get(timeout_s)
        except (NamesUnknown, TimeoutError):
            return max(len(servers.listed), UNKNOWN_STREAMS)
        return min(1 + channel.target.count(","), MOST_STREAMS)

    def fitted(
        self, asked: T, features: Collection[str], for_older: Callable[[T], T | None], timeout_s: float | None
    ) -> T:
        """What travels next in a form that is known where it goes: to every server that answers.

        Args:
            asked: what is to travel.
            features: that it needs.
            for_older: makes of it what needs none; None where there is no such thing.
            timeout_s: seconds for each server that has to be asked, once; None for no limit.

        Raises:
            UnsupportedError: a server is too old.
        """
        channel = self.get(timeout_s)
        older = for_older(asked) if channel.is_older else None
        if older is not None:
            return older
        try:
            self._require(channel, features, timeout_s)
        except UnsupportedError:
            older = for_older(asked)
            if older is None:
                raise
            channel.is_older = True
            return older
        return asked

    def _require(self, channel: ServiceChannel, features: Collection[str], timeout_s: float | None) -> None:
        if channel.features.issuperset(features):
            return
        if self._settings.servers.several:
            self._check_each(features, timeout_s)
        else:
            channel.check(features, timeout_s)
        channel.features = channel.features.union(features)

    def _check_each(self, features: Collection[str], timeout_s: float | None) -> None:
        """Checks servers one by one; the call itself goes to none that does not answer."""
        opened = self.each(timeout_s)
        try:
            for channel in opened:
                with contextlib.suppress(grpc.RpcError):
                    channel.check(features, timeout_s)
        finally:
            for channel in opened:
                channel.close()

    def suspect(self) -> None:
        """Notes that no server could be reached, and names may stand for other addresses by now."""
        self._lookup.suspect()

    def close(self) -> None:
        """Ends all there is; calls that are under way are cancelled."""
        for channel in (self.latest, self._left):
            if channel is not None:
                channel.close()

    def _looked_up(self, timeout_s: float | None) -> ServiceChannel:
        try:
            target = run_within(self._lookup.target, timeout_s)
        except (NamesUnknown, TimeoutError) as error:
            if self.latest is None:
                raise NamesUnknown(str(error) or "the lookup takes too long") from error
            return self.latest  # its addresses may serve again
        closing = None
        with self._lock:
            latest = self.latest
            if latest is None or latest.target != target:
                self._lookup.moved()
                latest, closing = ServiceChannel(self._settings, target), self._left
                self._left, self.latest = self.latest, latest
        if closing is not None:
            closing.close()
        return latest


def _open_session(channel: grpc.Channel, metadata: CallMetadata, timeout_s: float) -> bytes:
    method: Unary = channel.unary_unary(OPEN_SESSION.path)
    return method(b"", timeout=timeout_s, metadata=metadata.get())
