"""A real server on a private socket, for tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gridgrad.local_server import INSTALL, private_server

__all__ = ["LocalServer", "local_server"]


class LocalServer(NamedTuple):
    """A running server.

    Args:
        address: what `gridgrad.Client` takes.
        log: the file that it and its worker write warnings to.
    """

    address: str
    log: Path


@contextlib.contextmanager
def local_server(*, functions: Sequence[str] = (), flags: Sequence[str] = ()) -> Iterator[LocalServer]:
    """Serves on one CPU worker until the block ends.

    It listens on a unix socket that only this user reaches. It and its files go when the block ends and when this
    process ends in any other way, killed included. Starting takes some seconds, nearly all of them torch's.

    Args:
        functions: modules with registered functions, importable from the working directory or PYTHONPATH.
        flags: further flags of gridgrad-server, such as ["--request-cost", "1000"].

    Yields:
        Where it is.

    Raises:
        UnavailableError: the extras `server` and `worker` are not installed, or it did not start.
    """
    named = [part for module in functions for part in ("--functions", module)]
    remedy = f"{INSTALL}, or test with gridgrad.testing.FakeClient"
    with private_server([*named, *flags], remedy) as started:
        yield LocalServer(started.address, started.log)
