"""The server of `local_server` as pytest fixtures, one for the whole run.

pytest_plugins = ["gridgrad.testing.fixtures"] in the top conftest.py makes them known. To serve registered
functions or give other flags, define `gridgrad_server_flags` there with scope "session".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from gridgrad.frameworks.testing.local import LocalServer, local_server
from gridgrad.local_server import INSTALL, missing_package
from gridgrad.sync.client import Client

__all__ = ["gridgrad_client", "gridgrad_server", "gridgrad_server_flags"]


@pytest.fixture(scope="session")
def gridgrad_server_flags() -> Sequence[str]:
    """Flags of gridgrad-server, such as ["--functions", "package.module"]; none unless you define this fixture."""
    return ()


@pytest.fixture(scope="session")
def gridgrad_server(gridgrad_server_flags: Sequence[str]) -> Iterator[LocalServer]:
    """A server with one CPU worker, started when the first test asks for it; without torch such tests are skipped."""
    if package := missing_package():
        pytest.skip(f"{package} is not installed, which a server needs: {INSTALL}")
    with local_server(flags=gridgrad_server_flags) as server:
        yield server


@pytest.fixture(scope="session")
def gridgrad_client(gridgrad_server: LocalServer) -> Iterator[Client]:
    """A client of it."""
    with Client(gridgrad_server.address) as client:
        yield client
