"""POST /v1/gradient: one grid for people, asked for in JSON, answered in JSON or as a file of numpy."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Iterator
from urllib.parse import parse_qs

from gridgrad_core.errors import RequestError, TooLargeError, UnsupportedError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.http.endpoint import JSON
from gridgrad_server.http.grids.grid_texts import MOST_NUMBERS_AS_TEXT, arrays_of, grid_text
from gridgrad_server.http.grids.json_request import read_json
from gridgrad_server.http.grids.numpy_files import npy_parts, npz_parts
from gridgrad_server.http.grids.whole_result import WholeGrid, WholeResult
from gridgrad_server.http.http_call import HttpCall
from gridgrad_server.http.http_errors import CallEnded
from gridgrad_server.rpc.unary import UnaryCalls
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["NPY", "NPZ", "GradientRoute", "check_json", "kind_of", "nulls_of"]

NPY, NPZ = "application/x-npy", "application/x-npz"
_OFFERED = (JSON, NPY, NPZ)
_IN_THREAD_BYTES = 1 << 20
_NONFINITE = {"string": False, "null": True}


class GradientRoute:
    """The handler of POST /v1/gradient.

    Args:
        calls: compute.
        most_bytes: of a result.
    """

    def __init__(self, calls: UnaryCalls, most_bytes: int) -> None:
        self._calls = calls
        self._most_bytes = most_bytes

    async def grid(self, raw: bytes, call: HttpCall, kind: str) -> WholeGrid:
        """Computes what a body asks for.

        Args:
            raw: the body.
            call: of which it is.
            kind: of the answer.

        Raises:
            RequestError: it asks for nothing that there is.
            CallEnded: it is refused.
        """
        asked = read_json(raw)
        if asked.timeout_s is not None:
            call.set_timeout(asked.timeout_s)
        check = self._check_text if kind == JSON else self._check_size
        try:
            grid = await self._calls.answer(asked.message.SerializeToString(), call.context, WholeResult, check)
        except CallEnded as ended:
            ended.rename({"reduction.weights": "cotangent" if asked.gradient is not None else "weights"})
            raise
        return grid._replace(gradient=asked.gradient)

    def _check_size(self, request: GridRequest) -> None:
        size = request.template.layout.total_bytes
        if size > self._most_bytes:
            remedy = "ask for less at a time, raise --message-bytes, or call by gRPC, which streams grids of any size"
            raise TooLargeError("", f"a result of {size} bytes, over the {self._most_bytes} of one by HTTP", remedy)

    def _check_text(self, request: GridRequest) -> None:
        layout, function = request.template.layout, request.template.function
        lists = math.prod(max(1, length) for length in layout.shape)  # of which empty dims have many too
        if lists * function.planes > MOST_NUMBERS_AS_TEXT:
            found = f"a result of {lists * function.planes} numbers, over the {MOST_NUMBERS_AS_TEXT} of JSON"
            raise TooLargeError("", found, f"send Accept: {NPZ}, or {NPY} for one array, and get binary numbers")
        self._check_size(request)

    async def send(self, grid: WholeGrid, call: HttpCall, kind: str, nulls: bool) -> None:
        """Sends a result."""
        timing = (b"server-timing", _timing(grid.header.info).encode())
        if kind == JSON:
            await _send_text(grid_text(grid, nulls=nulls), call, timing)
            return
        make = npy_parts if kind == NPY else npz_parts
        parts = await asyncio.to_thread(make, grid) if len(grid.planes) > _IN_THREAD_BYTES else make(grid)
        headers = [
            (b"gridgrad-dims", ",".join(grid.header.dims if grid.gradient is None else ()).encode()),
            (b"gridgrad-planes", " ".join(each.name for each in arrays_of(grid)).encode()),
            (b"gridgrad-components", ",".join(grid.header.components).encode()),
            timing,
        ]
        await call.send(200, kind, parts, headers)


def _timing(info: pb.Info) -> str:
    """How long a result took, as developer tools of browsers show it: https://www.w3.org/TR/server-timing"""
    computed_by = " ".join(filter(None, (info.engine, info.tier, info.device)))
    return f'queue;dur={info.queue_s * 1e3:.3f}, compute;dur={info.compute_s * 1e3:.3f};desc="{computed_by}"'


async def _send_text(pieces: Iterator[str], call: HttpCall, header: tuple[bytes, bytes]) -> None:
    """Sends a text at once if it is short, else piece by piece, while others have their turns between."""
    first = list(itertools.islice(pieces, 8))
    rest = next(pieces, None)
    if rest is None:
        await call.send(200, JSON, ["".join(first).encode()], [header])
        return
    await call.start(200, [(b"content-type", JSON.encode()), header])
    for piece in itertools.chain(("".join(first),), (rest,), pieces):
        await call.write(piece.encode())
        await asyncio.sleep(0)
    await call.write(b"", is_last=True)


def kind_of(accepted: str | None) -> str:
    """The kind of answer that a caller accepts best.

    Args:
        accepted: his header Accept; None for any.

    Raises:
        CallEnded: he accepts none of those that there are.
    """
    best, weight = "", 0.0
    for position, entry in enumerate((accepted or "*/*").split(",")):
        if position == 32:
            break
        kind, _, parameters = entry.strip().lower().partition(";")
        offered = JSON if kind.strip() in ("*/*", "application/*") else kind.strip()
        quality = _quality(parameters)
        if offered in _OFFERED and quality > weight:
            best, weight = offered, quality
    if best:
        return best
    error = RequestError("accept", repr((accepted or "")[:100]), f"accept {', '.join(_OFFERED)}")
    raise CallEnded.of(error, status=406)


def _quality(parameters: str) -> float:
    for each in parameters.split(";"):
        name, _, value = each.strip().partition("=")
        if name == "q":
            try:
                return min(1.0, float(value))
            except ValueError:
                return 0.0
    return 1.0


def nulls_of(query: bytes) -> bool:
    """Whether a query asks for null instead of strings.

    Raises:
        RequestError: it asks for something else.
    """
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=16)
    for name, values in asked.items():
        if name != "nonfinite" or values[-1] not in _NONFINITE:
            found = f"{name[:60]}={values[-1][:60]}"
            raise RequestError("query", found, "write nonfinite=null or nonfinite=string, or leave it out")
    return _NONFINITE[asked["nonfinite"][-1]] if asked else False


def check_json(call: HttpCall) -> None:
    """Refuses bodies that are said to be something else, as a form of a web page can send them.

    Raises:
        CallEnded: this is one.
    """
    given = call.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != JSON:
        found = repr(given[:100]) if given else "none"
        raise CallEnded.of(UnsupportedError("content-type", found, f"send {JSON}"), status=415)
