"""Progress of streams, told as outcomes are taken."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import grpc
import pytest

import gridgrad
import gridgrad.aio
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer, entry, failed_entry, windows

AXES = {"t": gridgrad.linspace(0, 1, 5), "k": gridgrad.linspace(0, 1, 7)}
MANY = [{"t": [float(n)], "k": [1.0, 2.0]} for n in range(40)]
Messages = Iterator[pb.StreamGridGradientsRequest]


class Told:
    """A callback that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int | None]] = []

    def __call__(self, done: int, total: int | None) -> None:
        self.calls.append((done, total))


def in_parts(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
    """Answers with the two parts of a grid of 35 points."""
    yield from windows(next(messages), [(0, 3, 0, 13), (0, 3, 13, 22)])


def failing_at(number: int) -> Callable[[Messages, grpc.ServicerContext], Iterator[bytes]]:
    def stream(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        for position, message in enumerate(messages):
            error = errors.RequestError("inputs", "it", "another one")
            yield failed_entry(message, error) if position == number else entry(message)

    return stream


def test_grids_are_told_as_they_are_taken(client: gridgrad.Client) -> None:
    told = Told()
    results = client.map("t*k", MANY, progress=told)
    next(results)
    assert told.calls == [(1, 40)]
    assert len(list(results)) == 39
    assert told.calls == [(n, 40) for n in range(1, 41)]


def test_errors_in_the_place_of_results_count(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = failing_at(3)
    told = Told()
    assert len(list(client.map("t*k", MANY, errors="return", progress=told))) == 40
    assert told.calls[-1] == (40, 40)


def test_points_of_windows_are_told(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = in_parts
    told = Told()
    taken = [window.value.size for window in client.windows("t*k", AXES, points=14, progress=told)]
    assert told.calls == [(done, 35) for done in itertools.accumulate(taken)]
    assert told.calls[-1] == (35, 35)


def test_points_of_windows_of_several_components_count_once(client: gridgrad.Client) -> None:
    told = Told()
    list(client.windows("(t, k)", AXES, progress=told))
    assert told.calls[-1] == (35, 35)


def test_a_callback_that_raises_ends_the_work(client: gridgrad.Client) -> None:
    def no_more(done: int, total: int | None) -> None:
        raise RuntimeError(f"{done} of {total} is enough")

    with pytest.raises(RuntimeError, match="1 of 40"):
        list(client.map("t*k", MANY, progress=no_more))
    assert client.gradient("t*k", AXES).value.shape == (5, 7)


async def test_the_other_client_tells_too(server: FakeServer) -> None:
    told = Told()
    async with gridgrad.aio.Client(server.address) as client:
        assert len([result async for result in client.map("t*k", MANY, progress=told)]) == 40
        assert told.calls == [(n, 40) for n in range(1, 41)]
        requests = [gridgrad.Request("t*k", inputs) for inputs in MANY]
        assert len([result async for result in client.stream(requests, progress=told)]) == 40
        assert told.calls[40:] == [(n, 40) for n in range(1, 41)]
        server.stream = in_parts
        assert [window.value.size async for window in client.windows("t*k", AXES, progress=told)]
        assert told.calls[-1] == (35, 35)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, progress: client.map("t*k", MANY, progress=progress),
        lambda client, progress: client.stream([gridgrad.Request("t*k", MANY[0])], progress=progress),
        lambda client, progress: client.windows("t*k", AXES, progress=progress),
        lambda client, progress: client.gradient("t*k", AXES, progress=progress),
    ],
)
def test_what_can_not_be_called_is_refused_at_once(client: gridgrad.Client, ask: Callable[..., object]) -> None:
    with pytest.raises(errors.RequestError, match="progress: 'yes'; give True for a bar"):
        ask(client, "yes")
