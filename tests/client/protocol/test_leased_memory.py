"""What keeps the memory of a session, and when the server hears of its release."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from tests.client.fake import FakeServer
from tests.client.fake_session import FakeSessions

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])
LARGE = {"t": np.arange(300.0), "k": np.arange(200.0)}  # three planes of it are over 1 MB
PATIENCE_S = 20.0


@pytest.fixture
def client(server: FakeServer) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address) as connected:
        connected.gradient("t*k", AXES)
        yield connected


def until(look: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def test_memory_without_seals_is_not_mapped(sessions: FakeSessions, client: gridgrad.Client) -> None:
    sessions.is_sealed = False
    for _ in range(3):
        assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    assert (sessions.offers, len(client._sessions)) == (1, 0)


def released(client: gridgrad.Client, sessions: FakeSessions) -> list[int]:
    """What the server has heard of releases after one more call."""
    gc.collect()
    client.gradient("t*k", AXES)
    return sessions.peers[-1].released


def test_a_part_is_released_when_the_last_view_is_gone(sessions: FakeSessions, client: gridgrad.Client) -> None:
    result = client.gradient("t*k", AXES)
    view = result.d["t"][1:][:, 0]
    derived = np.lib.stride_tricks.sliding_window_view(view, 1).reshape(-1)
    del result, view
    assert released(client, sessions) == []
    assert_array_equal(derived, 1000 + SUMS[1:, 0])
    del derived
    assert released(client, sessions) == [2, 1]


def test_other_owners_keep_a_part_too(sessions: FakeSessions, client: gridgrad.Client) -> None:
    value: Any = client.gradient("t*k", AXES).value
    buffer = memoryview(value)
    del value
    assert released(client, sessions) == []
    assert np.asarray(buffer)[2, 1] == SUMS[2, 1]
    del buffer
    assert sorted(released(client, sessions)) == [1, 2]


def test_a_large_part_is_released_at_once(sessions: FakeSessions, client: gridgrad.Client) -> None:
    sessions.size = 1 << 26
    client.gradient("t*k", LARGE)
    until(lambda: sessions.peers[0].released == [1])


def test_a_copy_and_out_keep_nothing(sessions: FakeSessions, client: gridgrad.Client) -> None:
    out = np.empty((3, 3, 2))
    result = client.gradient("t*k", AXES, out=out)
    copy = client.gradient("t*k", AXES).copy()
    assert sorted(released(client, sessions)) == [1, 2]
    assert_array_equal(out[2], 2000 + SUMS)
    assert result.value.base is out
    assert copy.value.flags.writeable


def test_results_outlive_the_client(sessions: FakeSessions, server: FakeServer) -> None:
    with gridgrad.Client(server.address) as client:
        for _ in range(2):
            result = client.gradient("t*k", AXES)
    until(lambda: not sessions.peers[0].receive() if sessions.peers[0].connection.fileno() >= 0 else True)
    assert_array_equal(result.d["k"], 2000 + SUMS)


def test_releases_from_many_threads_are_all_told(sessions: FakeSessions, server: FakeServer) -> None:
    sessions.size = 1 << 28
    with gridgrad.Client(server.address) as client:
        client.gradient("t*k", AXES)
        results = [client.gradient("t*k", LARGE if n % 2 else AXES) for n in range(40)]
        threads = [threading.Thread(target=results.pop) for _ in range(40)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            client.gradient("t*k", AXES)
        for thread in threads:
            thread.join()
        client.gradient("t*k", AXES)
        until(lambda: sorted(set(sessions.peers[0].released)) == list(range(1, 61)))
    assert len(sessions.peers[0].released) == 60
