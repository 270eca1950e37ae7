"""A request of a stream: its results as messages, and each of its grids counted once."""

from __future__ import annotations

from typing import Any

from gridgrad_core.errors import CrashError, RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.rpc.outgoing import OutgoingMessages
from gridgrad_server.rpc.streamed_request import StreamedRequest
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.request import GridRequest
from tests.server.building import OUTCOME, make_request


class RememberingStream:
    def __init__(self) -> None:
        self.sent: list[tuple[pb.StreamGridGradientsResponse, bool]] = []

    def send(self, streamed: StreamedRequest, messages: OutgoingMessages, last: bool) -> None:
        del streamed
        while (message := messages.take()) is not None:
            self.sent.append((pb.StreamGridGradientsResponse.FromString(message), last))


class CountingObserver:
    def __init__(self) -> None:
        self.answers: list[tuple[str, int, int]] = []

    def arrived(self, request: Any) -> None:
        del request

    def computed(self, batch: Any, done: Any) -> None:
        del batch, done

    def computed_in_lane(self, calls: int, points: int, seconds: float) -> None:
        del calls, points, seconds

    def cut_off(self, request: Any, code: int) -> None:
        del request, code

    def answered(self, via: str, code: int, grids: int) -> None:
        self.answers.append((via, code, grids))


def streamed(request: GridRequest, grids: int = 1) -> tuple[RememberingStream, StreamedRequest, CountingObserver]:
    stream, observer = RememberingStream(), CountingObserver()
    made = StreamedRequest(stream, 40, grids, Observers([observer]))
    request.sink, made.request = made, request
    return stream, made, observer


def test_a_grid_of_several_tiles_has_a_header_first_and_last() -> None:
    request = make_request(points=6, tile_cost=4)  # 3 tiles of 2 points in 2 planes
    stream, _, observer = streamed(request)
    for _ in range(3):
        request.computed(request.progress.take(10**9), memoryview(bytes(32)), OUTCOME, {})
    assert [(message.id, message.last, message.HasField("header")) for message, _ in stream.sent] == [
        (40, False, True),
        (40, False, False),
        (40, True, True),
    ]
    assert [message.window.first_point for message, _ in stream.sent] == [0, 2, 4]
    assert [last for _, last in stream.sent] == [False, False, True]
    assert observer.answers == [("stream", 0, 1)]


def test_the_grids_of_a_pack_are_counted_by_what_became_of_them() -> None:
    pack = make_request(points=2, grids=4)
    stream, made, observer = streamed(pack, grids=4)
    error = RequestError("function", "it raised", "don't")
    pack.computed(pack.progress.take(10**9), memoryview(bytes(4 * 64)), OUTCOME, {1: error})
    assert [(message.id, message.entries) for message, _ in stream.sent] == [(41, 0), (40, 1), (42, 2)]
    assert stream.sent[0][0].status.code == 3
    assert observer.answers == [("stream", 3, 1), ("stream", 0, 3)]
    made.count_rest(1)
    assert len(observer.answers) == 2


def test_an_error_answers_all_grids() -> None:
    pack = make_request(grids=4)
    stream, _, observer = streamed(pack, grids=4)
    pack.fail(CrashError("", "two workers died", "do not"))
    ((message, last),) = stream.sent
    assert (message.id, message.entries, message.last, last) == (40, 4, True, True)
    assert message.status.code == 10
    assert observer.answers == [("stream", 10, 4)]


def test_nothing_is_held_before_it_is_admitted() -> None:
    _, made, _ = streamed(make_request())
    assert made.held_bytes == 0
