"""How far long work is: callbacks, and bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

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


# Callbacks


def test_how_many_there_are_may_not_be_known(client: gridgrad.Client) -> None:
    told = Told()
    requests = (gridgrad.Request("t*k", inputs) for inputs in MANY)
    assert len(list(client.stream(requests, progress=told))) == 40
    assert told.calls == [(n, None) for n in range(1, 41)]


# Bars


@pytest.fixture
def bars() -> Iterator[Any]:
    """The class of bars; none may be left open."""
    bar = pytest.importorskip("tqdm.auto").tqdm
    yield bar
    assert not bar._instances


def test_a_bar_counts_grids(client: gridgrad.Client, bars: Any, capsys: pytest.CaptureFixture[str]) -> None:
    results = client.map("t*k", MANY, progress=True)
    assert not bars._instances  # nothing is asked before the first is taken
    assert len(list(results)) == 40
    shown = capsys.readouterr().err
    assert "40/40" in shown
    assert "grids/s" in shown


def test_a_bar_counts_points(
    server: FakeServer, client: gridgrad.Client, bars: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    client.gradient("t*k", AXES, progress=True)
    assert "100%" in (shown := capsys.readouterr().err)
    assert "35.0/35.0" in shown
    server.stream = in_parts
    assert sum(window.value.size for window in client.windows("t*k", AXES, progress=True)) == 35
    assert "35.0/35.0" in (shown := capsys.readouterr().err)
    assert "points/s" in shown
    assert not bars._instances


def test_a_bar_closes_where_the_work_fails(server: FakeServer, client: gridgrad.Client, bars: Any) -> None:
    server.stream = failing_at(3)
    results = client.map("t*k", MANY, progress=True)
    assert [next(results).value[0, 0] for _ in range(3)] == [1, 2, 3]
    assert len(bars._instances) == 1
    with pytest.raises(errors.RequestError, match="another one"):
        next(results)
    assert not bars._instances
    server.unary = lambda _, context: context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
    with pytest.raises(errors.GridgradError):
        client.gradient("t*k", AXES, progress=True)


def test_a_bar_closes_where_the_caller_has_enough(client: gridgrad.Client, bars: Any) -> None:
    results = client.map("t*k", MANY, progress=True)
    next(results)
    assert len(bars._instances) == 1
    results.close()
    assert not bars._instances


async def test_the_other_client_has_bars_too(server: FakeServer, bars: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        assert len([result async for result in client.map("t*k", MANY, progress=True)]) == 40
        assert "40/40" in capsys.readouterr().err
        await client.gradient("t*k", AXES, progress=True)
        assert "35.0/35.0" in capsys.readouterr().err
    assert not bars._instances
