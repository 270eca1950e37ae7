"""A server in this process that answers with canned grids, and a client of it.

It speaks the protocol over a real socket, so that the clients behave as they do with a real server; and needs
nothing but what they need. Requests are answered on threads of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import Any, NoReturn

import grpc
import numpy as np

from gridgrad.arguments.inputs import FloatArray, spread_over
from gridgrad.frameworks.testing.canned import CannedAnswer, CannedRequest, Grids, answer_of
from gridgrad.frameworks.testing.canned_reduction import pulled_back, reduced
from gridgrad.protocol.options import HEALTH_METHOD, SERVING
from gridgrad.requests.request import Registered, Request, Unused
from gridgrad.results.server_info import RegisteredFunction
from gridgrad.sync.client import Client
from gridgrad_core.errors import REASONS, GridgradError, RequestError
from gridgrad_core.grid import InputSpec, grid_of
from gridgrad_core.reduction import PULLBACK
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.version import __version__
from gridgrad_core.wire import buffer as wire
from gridgrad_core.wire import methods
from gridgrad_core.wire.enums import DTYPE_NAMES, RESULT_DTYPES, STATUS_NAMES
from gridgrad_core.wire.error_details import ERROR_TRAILER, to_detail
from gridgrad_core.wire.features import FEATURES
from gridgrad_core.wire.table_specs import spec_of

__all__ = ["FakeClient", "FakeServer"]

THREADS = 16
INFO = pb.Info(batch_size=1, engine="fake", device="fake", version=__version__)


class FakeServer(grpc.GenericRpcHandler):
    """A server on a free port of this machine that answers with canned grids, until it is closed.

    Args:
        grids: what it answers, by expression or `gridgrad.registered(name)`; see `gridgrad.testing.Grids`.
        fill: the value of every grid that is not canned; None refuses to answer those.
        functions: what it lists as registered functions. One with a tuple must be listed.

    Attributes:
        address: where it listens, for `gridgrad.Client` and `gridgrad.aio.Client`.
        requests: what was asked, in the order in which it came; inputs are (dims, array) pairs.
    """

    def __init__(
        self, grids: Grids, *, fill: float | None = None, functions: Sequence[RegisteredFunction] = ()
    ) -> None:
        self.requests: list[Request] = []
        self._grids, self._fill, self._functions = grids, fill, functions
        self._plain: dict[str, Callable[[], bytes]] = {
            methods.LIST_FUNCTIONS.path: self._list_functions,
            methods.SERVER_INFO.path: _server_info,
            methods.SERVER_STATUS.path: _server_status,
            methods.PREPARE.path: _prepare,
            HEALTH_METHOD: lambda: SERVING,
        }
        self._pool = futures.ThreadPoolExecutor(THREADS)
        self._server = grpc.server(self._pool, handlers=[self], options=[("grpc.so_reuseport", 0)])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Finds the handler of a call."""
        if details.method == methods.GRID_GRADIENT.path:
            return grpc.unary_unary_rpc_method_handler(self._unary)
        if details.method == methods.STREAM_GRID_GRADIENTS.path:
            return grpc.stream_stream_rpc_method_handler(self._stream)
        plain = self._plain.get(details.method)
        return None if plain is None else grpc.unary_unary_rpc_method_handler(lambda _, __: plain())

    def close(self) -> None:
        """Stops listening and ends every call. Closing twice does nothing."""
        self._server.stop(None).wait()
        self._pool.shutdown()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unary(self, raw: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            answer = self._answer(pb.GridGradientRequest.FromString(raw))
        except GridgradError as error:
            context.set_trailing_metadata(((ERROR_TRAILER, to_detail(error).SerializeToString()),))
            context.abort(grpc.StatusCode[STATUS_NAMES[REASONS[error.reason].code]], str(error))
        return _with_buffer(pb.GridGradientResponse(header=answer[0]), answer[1])

    def _stream(self, raws: Iterator[bytes], _: grpc.ServicerContext) -> Iterator[bytes]:
        for raw in raws:
            message = pb.StreamGridGradientsRequest.FromString(raw)
            for number in range(max(1, message.entries)):
                yield self._outcome(message.id + number, _entry(message, number))

    def _outcome(self, entry_id: int, message: pb.GridGradientRequest) -> bytes:
        try:
            header, planes = self._answer(message)
        except GridgradError as error:
            code = REASONS[error.reason].code
            status = pb.Status(code=code, message=str(error), detail=to_detail(error))
            return pb.StreamGridGradientsResponse(id=entry_id, status=status, last=True).SerializeToString()
        return _with_buffer(pb.StreamGridGradientsResponse(id=entry_id, header=header, last=True), planes)

    def _answer(self, message: pb.GridGradientRequest) -> tuple[pb.ResultHeader, FloatArray]:
        asked = _read(message)
        self.requests.append(asked.request)
        answer = answer_of(asked, self._grids, self._fill, self._functions)
        if not message.HasField("reduction"):
            return _header(message, asked, answer), answer.planes
        if message.reduction.kind == PULLBACK:
            planes, left = pulled_back(answer.planes, asked, message.reduction)
            row = pb.ResultHeader(dims=left.dims, shape=left.shape, components=["f"], dtype=message.dtype, info=INFO)
            return row, planes
        planes, left = reduced(answer.planes, asked, message.reduction)
        header = _header(message, asked._replace(grid=left), answer)
        header.dtype = RESULT_DTYPES[planes.dtype.name]
        return header, planes

    def _list_functions(self) -> bytes:
        listed = [
            pb.RegisteredFunction(
                **{**each._asdict(), "inputs": [pb.FunctionInput(**given._asdict()) for given in each.inputs]}
            )
            for each in self._functions
        ]
        return pb.ListFunctionsResponse(functions=listed).SerializeToString()


class FakeClient(Client):
    """A `gridgrad.Client` of a `FakeServer` of its own, for tests without a server.

    Args:
        grids: what it answers, by expression or `gridgrad.registered(name)`; see `gridgrad.testing.Grids`.
        fill: the value of every grid that is not canned; None refuses to answer those.
        functions: what `functions()` lists. One with a tuple must be listed.
        retries: as of `gridgrad.Client`; by default none, so that canned errors come at once.

    Attributes:
        requests: what was asked, in the order in which it came; inputs are (dims, array) pairs.
    """

    def __init__(
        self,
        grids: Grids,
        *,
        fill: float | None = None,
        functions: Sequence[RegisteredFunction] = (),
        retries: int = 0,
    ) -> None:
        self._server = FakeServer(grids, fill=fill, functions=functions)
        self.requests = self._server.requests
        super().__init__(self._server.address, credentials=None, retries=retries)

    def __enter__(self) -> FakeClient:
        return self

    def __reduce__(self) -> NoReturn:
        remedy = "give the other process gridgrad.Client(fake.address), or a fake one of its own"
        raise RequestError("client", "a FakeClient, whose server can't be pickled or copied", remedy)

    def close(self) -> None:
        """Ends the connection and the server. Closing twice does nothing."""
        super().close()
        self._server.close()


def _entry(message: pb.StreamGridGradientsRequest, number: int) -> pb.GridGradientRequest:
    """One of the entries that share a message: arrays with one length more than dims hold one for each."""
    if not message.entries:
        return message.request
    request = pb.GridGradientRequest()
    request.CopyFrom(message.request)
    for given in request.inputs:
        if given.HasField("array") and len(given.array.shape) > len(given.dims):
            size = len(given.array.data) // message.entries
            given.array.data = given.array.data[number * size : (number + 1) * size]
            del given.array.shape[0]
    return request


def _read(message: pb.GridGradientRequest) -> CannedRequest:
    plain = [given for given in message.inputs if not given.HasField("table")]
    tables = tuple([spec_of("inputs", each.name, each.table) for each in message.inputs if each.HasField("table")])
    arrays = {given.name: (tuple(given.dims), _values(given)) for given in plain}
    grid = grid_of([InputSpec(name, dims, values.shape) for name, (dims, values) in arrays.items()])
    spread = {name: spread_over(grid.dims, dims, values) for name, (dims, values) in arrays.items()}
    derivatives = tuple(tuple(derivative.wrt) for derivative in message.derivatives)
    dtype = DTYPE_NAMES[message.dtype]
    made = message.reduction if message.HasField("reduction") else None
    unused: Unused = "ignore" if message.ignore_unused else "refuse"
    request = Request(
        _function(made.function if made else message.function),
        arrays,
        derivatives=list(derivatives),
        dtype=dtype,
        unused=unused,
        reduce=dict.fromkeys(made.dims, made.kind) if made else None,
        weights=made.weights or None if made else None,
    )
    return CannedRequest(request, grid, spread, derivatives, dtype, tables)


def _function(message: pb.Function) -> str | Registered:
    if message.WhichOneof("kind") == "registered":
        return Registered(message.registered)
    return message.expression


def _values(given: pb.Input) -> FloatArray:
    if given.HasField("linspace"):
        return np.linspace(given.linspace.start, given.linspace.stop, given.linspace.num)
    array = given.array
    return np.ndarray(tuple(array.shape), np.dtype(DTYPE_NAMES[array.dtype]).newbyteorder("<"), array.data)


def _header(message: pb.GridGradientRequest, asked: CannedRequest, answer: CannedAnswer) -> pb.ResultHeader:
    return pb.ResultHeader(
        dims=asked.grid.dims,
        shape=asked.grid.shape,
        derivatives=message.derivatives,
        components=answer.components,
        tuple_valued=answer.tuple_valued,
        dtype=message.dtype,
        info=INFO,
        units=[pb.NamedUnit(name=name, unit=unit) for name, unit in answer.units.items()],
    )


def _with_buffer(message: pb.GridGradientResponse | pb.StreamGridGradientsResponse, planes: FloatArray) -> bytes:
    data = planes.tobytes()
    return wire.prefix(message.SerializeToString(), len(data)) + data


def _server_info() -> bytes:
    info = pb.GetServerInfoResponse(version=__version__, devices=["fake"], engine="fake", features=FEATURES)
    return info.SerializeToString()


def _prepare() -> bytes:
    return pb.PrepareResponse(engine="fake", reason="a fake server compiles nothing").SerializeToString()


def _server_status() -> bytes:
    workers = [pb.WorkerStatus(device="fake", ready=True)]
    return pb.GetServerStatusResponse(version=__version__, workers=workers).SerializeToString()
