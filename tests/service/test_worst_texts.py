"""The worst texts: each is answered or refused by name, and a neighbour gets what is right all the while."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

import gridgrad
from tests.service.harness import Running, running
from tests.workloads.worst_texts import WORST

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

LONGEST_S = 300.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("server")) as started:
        yield started


class Neighbour:
    """Asks for small grids all the while."""

    def __init__(self, address: str) -> None:
        self.answers = 0
        self.wrong: list[str] = []
        self._address = address
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Neighbour:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        t, k = np.linspace(1.0, 2.0, 5), np.linspace(2.0, 3.0, 4)
        with gridgrad.Client(self._address, timeout=LONGEST_S) as client:
            while not self._ended.wait(0.01):
                try:
                    found = client.gradient("t*k**2", {"t": t, "k": k}, wrt="k")
                    if not np.allclose(found.d["k"], 2 * np.outer(t, k)):
                        self.wrong.append("another number")
                except gridgrad.GridgradError as error:
                    self.wrong.append(repr(error))
                self.answers += 1


@pytest.mark.parametrize("name", WORST)
def test_it_is_answered_or_refused_by_name_and_costs_no_worker(server: Running, name: str) -> None:
    worst, before = WORST[name], server.workers()
    axis = np.linspace(1.0, 2.0, worst.side)
    with Neighbour(server.address) as neighbour, gridgrad.Client(server.address, timeout=LONGEST_S) as client:
        remedy = "none is needed"
        try:
            client.gradient(worst.text, {"t": axis, "k": axis}, derivatives=list(worst.derivatives))
        except gridgrad.RequestError as error:  # too large, or a text that comes to too much
            remedy = error.remedy
    assert remedy
    assert not neighbour.wrong
    assert neighbour.answers
    assert server.workers() == before
