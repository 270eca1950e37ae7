"""A server of real sockets that speaks the protocol and computes nothing: what it answers is told to it.

By default plane p of an answer is 1000*p plus the sum of all inputs, so that a plane or point in the wrong
place shows. A function with a comma in it is a tuple of two components.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.inputs import spread_over
from gridgrad_core.errors import REASONS, GridgradError
from gridgrad_core.grid import Grid, InputSpec, grid_of
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire
from gridgrad_core.wire import methods
from gridgrad_core.wire.error_details import ERROR_TRAILER, PUSHBACK_TRAILER, to_detail
from gridgrad_core.wire.features import FEATURES

__all__ = [
    "FakeServer",
    "answer",
    "entry",
    "failed_entry",
    "header_of",
    "planes_of",
    "refuse",
    "spread_inputs",
    "together",
    "windows",
]

HEALTH = "/grpc.health.v1.Health/Check"
DTYPES: dict[int, np.dtype[Any]] = {pb.DTYPE_FLOAT32: np.dtype("<f4"), pb.DTYPE_FLOAT64: np.dtype("<f8")}
INFO = pb.Info(
    queue_s=0.25, compute_s=0.5, batch_size=3, engine="functional", device="cpu", version="9.9.9", digest="abc"
)

Unary = Callable[[pb.GridGradientRequest, grpc.ServicerContext], bytes]
Plain = Callable[[grpc.ServicerContext], bytes]
Stream = Callable[[Iterator[pb.StreamGridGradientsRequest], grpc.ServicerContext], Iterable[bytes]]


class FakeServer(grpc.GenericRpcHandler):
    """A server on a free port.

    Attributes:
        address: where it listens.
        unary: answers GridGradient.
        stream: answers StreamGridGradients.
        requests: the requests of the unary method, as they came.
        entries: those of the streaming method, each by itself.
        packs: how many entries each message of the streaming method had.
        metadata: that of every call.
        plain: the answers of the other methods, by path.
        asked: what those were called with.
    """

    def __init__(self, credentials: grpc.ServerCredentials | None = None, address: str = "127.0.0.1:0") -> None:
        self.unary: Unary = answer
        self.stream: Stream = answers
        self.requests: list[pb.GridGradientRequest] = []
        self.entries: list[pb.StreamGridGradientsRequest] = []
        self.packs: list[int] = []
        self.metadata: list[dict[str, Any]] = []
        self.plain: dict[str, Plain] = {
            methods.LIST_FUNCTIONS.path: lambda _: b"",
            methods.SERVER_INFO.path: lambda _: pb.GetServerInfoResponse(features=FEATURES).SerializeToString(),
            HEALTH: lambda _: b"\x08\x01",
        }
        self.asked: list[bytes] = []
        self._pool = futures.ThreadPoolExecutor(80)
        self._server = grpc.server(self._pool, handlers=[self], options=[("grpc.so_reuseport", 0)])
        port = (
            self._server.add_insecure_port(address)
            if credentials is None
            else self._server.add_secure_port(address, credentials)
        )
        self.address = address if address.startswith("unix:") else f"127.0.0.1:{port}"
        self._server.start()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Finds the handler of a call."""
        if details.method == methods.GRID_GRADIENT.path:
            return grpc.unary_unary_rpc_method_handler(self._unary)
        if details.method == methods.STREAM_GRID_GRADIENTS.path:
            return grpc.stream_stream_rpc_method_handler(self._stream)
        plain = self.plain.get(details.method)
        if plain is None:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda raw, context: self._plain(plain, raw, context))

    def stop(self) -> None:
        """Ends the server and every call."""
        self._server.stop(None).wait()
        self._pool.shutdown()

    def _plain(self, answer: Plain, raw: bytes, context: grpc.ServicerContext) -> bytes:
        self.asked.append(raw)
        return answer(context)

    def _unary(self, raw: bytes, context: grpc.ServicerContext) -> bytes:
        self._note(context)
        request = pb.GridGradientRequest.FromString(raw)
        self.requests.append(request)
        return self.unary(request, context)

    def _stream(self, raws: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        self._note(context)
        yield from self.stream(self._noted(raws), context)

    def _noted(self, raws: Iterator[bytes]) -> Iterator[pb.StreamGridGradientsRequest]:
        for raw in raws:
            message = pb.StreamGridGradientsRequest.FromString(raw)
            self.packs.append(max(1, message.entries))
            for entry_ in apart(message):
                self.entries.append(entry_)
                yield entry_

    def _note(self, context: grpc.ServicerContext) -> None:
        self.metadata.append({pair[0]: pair[1] for pair in context.invocation_metadata()})


def answer(request: pb.GridGradientRequest, _: grpc.ServicerContext) -> bytes:
    """The default answer of the unary method."""
    header, data = header_of(request), planes_of(request).tobytes()
    return wire.prefix(pb.GridGradientResponse(header=header).SerializeToString(), len(data)) + data


def answers(messages: Iterator[pb.StreamGridGradientsRequest], _: grpc.ServicerContext) -> Iterator[bytes]:
    """The default answer of the streaming method: each entry whole, in order."""
    for message in messages:
        yield entry(message)


def apart(message: pb.StreamGridGradientsRequest) -> Iterator[pb.StreamGridGradientsRequest]:
    """The entries of a message, each as a message of its own."""
    for position in range(max(1, message.entries)):
        request = pb.GridGradientRequest()
        request.CopyFrom(message.request)
        for given in request.inputs:
            if message.entries and given.HasField("array") and len(given.array.shape) > len(given.dims):
                assert given.array.shape[0] == message.entries
                size = len(given.array.data) // message.entries
                given.array.data = given.array.data[position * size : (position + 1) * size]
                del given.array.shape[0]
        yield pb.StreamGridGradientsRequest(id=message.id + position, request=request)


def together(messages: Sequence[pb.StreamGridGradientsRequest]) -> bytes:
    """Entries of one shape with ids that follow each other, answered in one message."""
    buffers = [planes_of(message.request).tobytes() for message in messages]
    data = b"".join(buffer + bytes(-len(buffer) % 64) for buffer in buffers)
    head = pb.StreamGridGradientsResponse(
        id=messages[0].id, entries=len(messages), header=header_of(messages[0].request), last=True
    )
    return wire.prefix(head.SerializeToString(), len(data)) + data


def entry(message: pb.StreamGridGradientsRequest) -> bytes:
    """An entry answered in one message."""
    data = planes_of(message.request).tobytes()
    head = pb.StreamGridGradientsResponse(id=message.id, header=header_of(message.request), last=True)
    return wire.prefix(head.SerializeToString(), len(data)) + data


def failed_entry(message: pb.StreamGridGradientsRequest, error: GridgradError) -> bytes:
    """An entry that failed."""
    status = pb.Status(code=REASONS[error.reason].code, message=str(error), detail=to_detail(error))
    return pb.StreamGridGradientsResponse(id=message.id, status=status, last=True).SerializeToString()


def windows(message: pb.StreamGridGradientsRequest, boxes: Sequence[tuple[int, int, int, int]]) -> Iterator[bytes]:
    """An entry answered in windows (first_plane, planes, first_point, points), in that order."""
    planes = planes_of(message.request)
    flat = planes.reshape(planes.shape[0], -1)
    for number, (plane, count, point, points) in enumerate(boxes):
        data = flat[plane : plane + count, point : point + points].tobytes()
        head = pb.StreamGridGradientsResponse(
            id=message.id,
            header=header_of(message.request) if number == 0 else None,
            window=pb.Window(first_plane=plane, planes=count, first_point=point, points=points),
            last=number == len(boxes) - 1,
        )
        yield wire.prefix(head.SerializeToString(), len(data)) + data


def header_of(request: pb.GridGradientRequest) -> pb.ResultHeader:
    """The header of the default answer."""
    grid, components = _grid(request), _components(request)
    return pb.ResultHeader(
        dims=grid.dims,
        shape=(*(grid.shape[:1] and [grid.shape[0] - request.first_row]), *grid.shape[1:]),
        derivatives=request.derivatives,
        components=components,
        tuple_valued=len(components) > 1,
        dtype=request.dtype,
        info=INFO,
    )


def planes_of(request: pb.GridGradientRequest) -> NDArray[Any]:
    """The buffer of the default answer, [planes, *grid]."""
    grid = _grid(request)
    value = sum(spread_inputs(request).values(), np.zeros(grid.shape))
    planes = (1 + len(request.derivatives)) * len(_components(request))
    offsets = 1000.0 * np.arange(planes).reshape(-1, *[1] * len(grid.shape))
    planes_of_all: NDArray[Any] = (offsets + value).astype(DTYPES[request.dtype])
    return planes_of_all[:, request.first_row :] if request.first_row else planes_of_all


def spread_inputs(request: pb.GridGradientRequest) -> dict[str, NDArray[Any]]:
    """The inputs by name, each broadcastable to the grid."""
    dims = _grid(request).dims
    return {given.name: spread_over(dims, tuple(given.dims), _values(given)) for given in request.inputs}


def refuse(context: grpc.ServicerContext, error: GridgradError, pushback_ms: int | None = None) -> bytes:
    """Ends a call as the server would."""
    trailers: list[tuple[str, str | bytes]] = [(ERROR_TRAILER, to_detail(error).SerializeToString())]
    if pushback_ms is not None:
        trailers.append((PUSHBACK_TRAILER, str(pushback_ms)))
    context.set_trailing_metadata(tuple(trailers))
    code = next(code for code in grpc.StatusCode if code.value[0] == REASONS[error.reason].code)
    context.abort(code, str(error))
    raise AssertionError("abort raises")


class Times:
    """Does one thing the first n times, and another from then on."""

    def __init__(self, n: int, first: Any, then: Any) -> None:
        self._left, self._first, self._then = n, first, then
        self._lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        with self._lock:
            self._left -= 1
            chosen = self._first if self._left >= 0 else self._then
        return chosen(*arguments)


def _components(request: pb.GridGradientRequest) -> tuple[str, ...]:
    return ("u", "v") if "," in request.function.expression else ("f",)


def _grid(request: pb.GridGradientRequest) -> Grid:
    return grid_of([InputSpec(i.name, tuple(i.dims), _values(i).shape) for i in request.inputs])


def _values(given: pb.Input) -> NDArray[Any]:
    if given.HasField("linspace"):
        return np.linspace(given.linspace.start, given.linspace.stop, given.linspace.num)
    array = given.array
    shape = tuple(array.shape)
    assert len(array.data) == math.prod(shape) * DTYPES[array.dtype].itemsize
    return np.ndarray(shape, DTYPES[array.dtype], array.data).astype("<f8")
