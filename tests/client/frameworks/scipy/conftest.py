"""An interpolant of a wave whose table a fake server has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gridgrad.frameworks.scipy import Interpolant, interpolant
from gridgrad.testing import FakeClient
from tests.client.frameworks.scipy.waves import GRIDS, WAVE, K, T


@pytest.fixture
def client() -> Iterator[FakeClient]:
    """A client that knows WAVE and t with their partials."""
    with FakeClient(GRIDS) as fake:
        yield fake


@pytest.fixture
def wave(client: FakeClient) -> Interpolant:
    return interpolant(client, WAVE, {"t": T, "a": 1.5, "k": K})
