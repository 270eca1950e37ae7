"""Calls with nothing but grpcio and the generated messages: what a client in another language sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import grpc
import numpy as np
from grpc_health.v1 import health_pb2
from numpy.typing import ArrayLike, NDArray

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_core.wire.error_details import ERROR_TRAILER

__all__ = ["DTYPES", "Call", "Calls", "Refusal", "array_input", "axis", "grids", "linspace", "parameter", "request"]

Call: TypeAlias = Any
"""A call of grpcio that is a future too, which its types do not say."""

DTYPES: dict[int, np.dtype[Any]] = {pb.DTYPE_FLOAT32: np.dtype("<f4"), pb.DTYPE_FLOAT64: np.dtype("<f8")}
NEVER_LONGER_S = 60.0
# No retries: a test counts what the server answered, not what the client made of it.
OPTIONS = [("grpc.enable_retries", 0), ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Refusal(NamedTuple):
    """How a request was refused."""

    code: grpc.StatusCode
    message: str
    detail: pb.ErrorDetail

    @property
    def reason(self) -> str:
        """The reason, without its prefix."""
        return pb.ErrorReason.Name(self.detail.reason).removeprefix("ERROR_REASON_")


def array_input(name: str, dims: Sequence[str], values: ArrayLike) -> pb.Input:
    """An input of float64 numbers."""
    numbers = np.asarray(values, "<f8")
    array = pb.Array(dtype=pb.DTYPE_FLOAT64, shape=numbers.shape, data=numbers.tobytes())
    return pb.Input(name=name, dims=dims, array=array)


def axis(name: str, values: ArrayLike) -> pb.Input:
    """An input along a dim of its own name."""
    return array_input(name, [name], values)


def parameter(name: str, value: float) -> pb.Input:
    """An input without dims."""
    return array_input(name, [], value)


def linspace(name: str, start: float, stop: float, num: int) -> pb.Input:
    """Evenly spaced values along a dim of the same name."""
    return pb.Input(name=name, dims=[name], linspace=pb.Linspace(start=start, stop=stop, num=num))


def request(function: str | pb.Function, inputs: Iterable[pb.Input], *wrt: Sequence[str]) -> pb.GridGradientRequest:
    """A request for a function, an expression if it is text, and these derivatives."""
    what = pb.Function(expression=function) if isinstance(function, str) else function
    derivatives = [pb.Derivative(wrt=names) for names in wrt]
    return pb.GridGradientRequest(function=what, inputs=inputs, derivatives=derivatives)


def grids(response: pb.GridGradientResponse | pb.StreamGridGradientsResponse) -> NDArray[Any]:
    """The buffer as [plane, *grid]."""
    header = response.header
    planes = (1 + len(header.derivatives)) * len(header.components)
    return np.frombuffer(response.data, DTYPES[header.dtype]).reshape(planes, *header.shape)


class Calls:
    """The service over one channel, in bytes or messages.

    Args:
        channel: to the server.
        token: that unary calls show; empty for none.
    """

    def __init__(self, channel: grpc.Channel, token: str = "") -> None:
        self.channel = channel
        self._metadata = [("authorization", f"Bearer {token}")] if token else []
        self._unary: Any = channel.unary_unary(methods.GRID_GRADIENT.path)
        self._info: Any = channel.unary_unary(methods.SERVER_INFO.path)
        self._health: Any = channel.unary_unary("/grpc.health.v1.Health/Check")
        self._stream: Any = channel.stream_stream(methods.STREAM_GRID_GRADIENTS.path)

    def start(self, asked: pb.GridGradientRequest | bytes, timeout: float = NEVER_LONGER_S) -> Call:
        """Starts a unary call and returns its future, whose result is bytes."""
        raw = asked if isinstance(asked, bytes) else asked.SerializeToString()
        return self._unary.future(raw, timeout=timeout, metadata=self._metadata)

    def ask(self, asked: pb.GridGradientRequest | bytes, timeout: float = NEVER_LONGER_S) -> pb.GridGradientResponse:
        """The answer of the unary call."""
        return pb.GridGradientResponse.FromString(self.start(asked, timeout).result())

    def refusal(self, asked: pb.GridGradientRequest | bytes, timeout: float = NEVER_LONGER_S) -> Refusal:
        """How the unary call is refused."""
        return refusal_of(self.start(asked, timeout))

    def stream(
        self, entries: Iterable[tuple[int, pb.GridGradientRequest]], timeout: float = NEVER_LONGER_S
    ) -> Iterator[pb.StreamGridGradientsResponse]:
        """The answers on a stream of these entries."""
        messages = (pb.StreamGridGradientsRequest(id=id_, request=asked).SerializeToString() for id_, asked in entries)
        for raw in self._stream(messages, timeout=timeout):
            yield pb.StreamGridGradientsResponse.FromString(raw)

    def health(self, service: str = "") -> int:
        """What the health protocol says: health_pb2.HealthCheckResponse.SERVING or another."""
        raw = self._health(health_pb2.HealthCheckRequest(service=service).SerializeToString(), timeout=NEVER_LONGER_S)
        return health_pb2.HealthCheckResponse.FromString(raw).status

    def watch_health(self) -> Iterator[int]:
        """What the health protocol says each time that it changes."""
        watch: Any = self.channel.unary_stream("/grpc.health.v1.Health/Watch")
        for raw in watch(health_pb2.HealthCheckRequest().SerializeToString(), timeout=NEVER_LONGER_S):
            yield health_pb2.HealthCheckResponse.FromString(raw).status

    def flush(self) -> None:
        """Returns when the server has met what was sent on this channel before."""
        self._info(b"", timeout=NEVER_LONGER_S)

    def open_stream(self, messages: Iterator[bytes], timeout: float = NEVER_LONGER_S, client_id: str = "") -> Call:
        """A stream of these bytes, as grpcio gives it."""
        return self._stream(messages, timeout=timeout, metadata=[("gridgrad-client-id", client_id or "tests")])


def refusal_of(call: Call) -> Refusal:
    """How a call was refused, once it has ended."""
    error = call.exception()
    assert isinstance(error, grpc.RpcError), "the call was answered"
    trailers = {pair[0]: pair[1] for pair in call.trailing_metadata() or ()}
    raw = trailers.get(ERROR_TRAILER, b"")
    assert isinstance(raw, bytes)
    return Refusal(call.code(), call.details() or "", pb.ErrorDetail.FromString(raw))
