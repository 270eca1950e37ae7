"""One caller by HTTP, on one connection, by the library of Python itself."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calls.workload import EXPRESSION, axes
from benchmarks.harness.block import Block, Order, Run, in_turn
from benchmarks.harness.processes import serve
from gridgrad.v1 import gridgrad_pb2 as pb

__all__ = ["files", "grown", "messages", "texts"]

METHOD = "/gridgrad.v1.GridGradientService/GridGradient"
JSON = {"content-type": "application/json"}


def messages(address: str, http: str, side: int) -> contextlib.AbstractContextManager[Run]:
    """Messages of the schema, answered by such.

    Args:
        address: of the server for gRPC.
        http: where it listens by HTTP.
        side: of the square grid.
    """
    del address
    body = _request(side).SerializeToString()

    def read(answer: bytes) -> object:
        response = pb.GridGradientResponse.FromString(answer)
        return np.frombuffer(response.data, "<f8").reshape(3, side, side)

    return _calls(http, METHOD, body, {"content-type": "application/proto"}, read)


def texts(address: str, http: str, side: int) -> contextlib.AbstractContextManager[Run]:
    """JSON, answered by JSON."""
    del address
    return _calls(http, "/v1/gradient", _text(side), JSON, json.loads)


def files(address: str, http: str, side: int) -> contextlib.AbstractContextManager[Run]:
    """JSON, answered by files of numpy."""
    del address

    def read(answer: bytes) -> object:
        file = io.BytesIO(answer)
        version = np.lib.format.read_magic(file)
        assert version == (1, 0)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        return np.frombuffer(answer, dtype, offset=file.tell()).reshape(shape)

    return _calls(http, "/v1/gradient", _text(side), {**JSON, "accept": "application/x-npy"}, read)


def _request(side: int) -> pb.GridGradientRequest:
    inputs = [
        pb.Input(name=name, dims=[name], array=pb.Array(shape=[side], data=values.tobytes()))
        for name, values in axes(side).items()
    ]
    derivatives = [pb.Derivative(wrt=[name]) for name in axes(side)]
    return pb.GridGradientRequest(function=pb.Function(expression=EXPRESSION), inputs=inputs, derivatives=derivatives)


def _text(side: int) -> bytes:
    inputs = {name: values.tolist() for name, values in axes(side).items()}
    return json.dumps({"expression": EXPRESSION, "inputs": inputs}).encode()


@contextlib.contextmanager
def _calls(
    http_address: str, path: str, body: bytes, headers: dict[str, str], read: Callable[[bytes], Any]
) -> Iterator[Run]:
    host, _, port = http_address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)

    def call() -> None:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        raw = answer.read()
        assert answer.status == 200, raw[:500]
        read(raw)

    try:
        yield in_turn(call)
    finally:
        connection.close()


@contextlib.contextmanager
def grown() -> Iterator[Run]:
    """How much more memory a server takes that listens by HTTP, at rest."""

    def run(_: Order) -> Block:
        without, with_http = _resident_mib(), _resident_mib("--http", "127.0.0.1:0")
        return Block([1.0], 1.0, {"MiB more": with_http - without})

    yield run


def _resident_mib(*flags: str) -> float:
    with serve("gridgrad_server", ["--listen", "127.0.0.1:0", *flags]) as server:
        for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return float("nan")
