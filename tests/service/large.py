"""A large entry at the gate."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import Calls, linspace, request
from tests.service.gates import GATE
from tests.service.harness import HOLD

LARGE = 8_000_000


class Large:
    """A large entry at the gate, taken in by a thread of its own."""

    def __init__(self, calls: Calls, timeout: float) -> None:
        asked = request(GATE, [linspace("x", 2 * HOLD, 3 * HOLD, LARGE)])
        message = pb.StreamGridGradientsRequest(id=1, request=asked).SerializeToString()
        self.stream: Any = calls.open_stream(iter([message]), timeout)
        self._pool = ThreadPoolExecutor(1)
        self._taken = self._pool.submit(self._take)
        self._pool.shutdown(wait=False)

    def _take(self) -> tuple[pb.ResultHeader, Any]:
        data, header = np.empty(LARGE), pb.ResultHeader()
        for raw in self.stream:
            answer = pb.StreamGridGradientsResponse.FromString(raw)
            assert not answer.status.code, answer.status
            header = answer.header if answer.HasField("header") else header
            part = slice(answer.window.first_point, answer.window.first_point + answer.window.points)
            data[part] = np.frombuffer(answer.data)
        return header, data

    def done(self) -> bool:
        return self._taken.done()

    def result(self) -> tuple[pb.ResultHeader, Any]:
        return self._taken.result()


def start_large(calls: Calls, timeout: float = 60.0) -> Large:
    return Large(calls, timeout)
