"""What takes long about a text is done by helpers; where one can't, or nobody waits for it, nobody else notices."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import gridgrad
from gridgrad_core.lang.parser.parser import parse
from tests.service.harness import Running, eventually, running

T, K = np.array([0.3, 0.7]), np.array([1.1, 1.9])
SINES = 2000
TEXT = "\n".join(["z0 = t*k", *(f"z{n} = sin(z{n - 1}*{'t' if n % 2 else 'k'} + {n})" for n in range(1, SINES))])


def served(last: int) -> str:
    return f"{TEXT}\nz{SINES - 1} + {last}"


def by_hand(last: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """The value and both partials, by the chain rule in a loop."""
    t, k = T[:, None], K[None, :]
    z, by_t, by_k = t * k, k + 0 * t, t + 0 * k
    for n in range(1, SINES):
        factor, of_t, of_k = (t, 1, 0) if n % 2 else (k, 0, 1)
        slope = np.cos(z * factor + n)
        by_t, by_k = slope * (by_t * factor + z * of_t), slope * (by_k * factor + z * of_k)
        z = np.sin(z * factor + n)
    return [z + last, by_t, by_k]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("server"), "--derive-timeout", "30") as started:
        yield started


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address) as client:
        yield client


def assert_right(client: gridgrad.Client, last: int) -> None:
    found = client.gradient(served(last), {"t": T, "k": K}, derivatives=["t", "k"])
    for plane, expected in zip((found.value, found.d["t"], found.d["k"]), by_hand(last), strict=True):
        np.testing.assert_allclose(plane, expected, rtol=1e-9)
    assert found.info.digest == parse(served(last)).digest


def test_what_a_helper_has_derived_is_right(client: gridgrad.Client, server: Running) -> None:
    for last in (0, 0, 1):
        assert_right(client, last)
    assert not server.aside(), "one alone has the worker for it"


def test_what_takes_long_is_computed_aside_once_another_calls(client: gridgrad.Client, server: Running) -> None:
    with gridgrad.Client(server.address) as neighbour:
        small = neighbour.gradient("t*k", {"t": T, "k": K}, wrt="t")
        assert_right(client, 1)
        (aside,) = server.aside()
        assert os.getpriority(os.PRIO_PROCESS, aside) == 19
        assert np.array_equal(neighbour.gradient("t*k", {"t": T, "k": K}, wrt="t").value, small.value)
    assert len(server.workers()) == 1


def test_a_mistake_far_down_a_long_text_is_told_with_its_place(client: gridgrad.Client) -> None:
    with pytest.raises(gridgrad.ExpressionError, match=rf"line {SINES + 1}"):
        client.gradient(f"{TEXT}\n2*(z1", {"t": T, "k": K})


def test_a_helper_that_dies_costs_its_own_text_alone(client: gridgrad.Client, server: Running) -> None:
    workers = server.workers()
    (first,) = eventually(server.helpers, "what helpers are forks of")
    children = Path(f"/proc/{first}/task/{first}/children")
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.gradient, served(2), {"t": T, "k": K}, order=4)
        while not call.done():
            for pid in children.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        with pytest.raises(gridgrad.TooLargeError, match="which a helper has died of; ask for fewer"):
            call.result()
    assert client.gradient("t*k", {"t": T, "k": K}).value.shape == (2, 2)
    assert client.gradient(served(3), {"t": T, "k": K}).value.shape == (2, 2)
    assert server.workers() == workers


def test_a_call_that_is_given_up_takes_its_helper_with_it(client: gridgrad.Client, server: Running) -> None:
    (first,) = eventually(server.helpers, "what helpers are forks of")
    children = Path(f"/proc/{first}/task/{first}/children")
    with pytest.raises(gridgrad.DeadlineError):
        client.gradient(served(4), {"t": T, "k": K}, order=4, timeout=0.2)
    eventually(lambda: not children.read_text(), "no helper")
