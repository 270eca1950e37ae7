from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gridgrad_server import healthcheck
from gridgrad_server.access.token_file import TokenEntry, digest_of, edited


@pytest.mark.parametrize(
    ("listen", "asked"),
    [
        ("", "localhost:50051"),
        ("0.0.0.0:7", "127.0.0.1:7"),
        ("[::]:7", "[::1]:7"),
        ("10.0.0.1:7, 10.0.0.2:8", "10.0.0.1:7"),
        ("0.0.0.0:7,unix:/run/s", "unix:/run/s"),
    ],
)
def test_it_asks_where_the_server_listens(listen: str, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_LISTEN", listen)
    monkeypatch.setattr(healthcheck, "check", lambda address: "SERVING" if address == asked else "NOT_SERVING")
    done = CliRunner().invoke(healthcheck.main, [])
    assert (done.exit_code, done.output) == (0, f"{asked}: SERVING\n")


def test_a_flag_that_it_does_not_have_is_refused() -> None:
    done = CliRunner().invoke(healthcheck.main, ["--address", "localhost:50051"])
    assert done.exit_code == 2
    assert "No such option" in done.output


def test_nobody_there_is_status_1() -> None:
    command = [sys.executable, "-m", "gridgrad_server.healthcheck", "unix:/no/such/socket"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "UNAVAILABLE" in done.stdout


async def test_a_server_that_starts_does_not_serve_yet(serve: Callable[..., Awaitable[Any]]) -> None:
    serving = await serve("--slow-start", wait=False)
    while not serving.server.addresses:
        await asyncio.sleep(0.005)
    assert await asyncio.to_thread(healthcheck.check, serving.server.addresses[0]) == "NOT_SERVING"


async def test_a_closed_health_service_is_shown_the_token_of_the_environment(
    serve: Callable[..., Awaitable[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with edited(tmp_path / "tokens") as file:
        file.add(TokenEntry("probe", ("metrics",), digest_of("of the probe")))
    serving = await serve(auth_tokens=tmp_path / "tokens", auth_health=True)
    (address,) = serving.server.addresses
    monkeypatch.delenv("GRIDGRAD_TOKEN", raising=False)
    assert (await asyncio.to_thread(healthcheck.check, address)).startswith("UNAUTHENTICATED: ")
    monkeypatch.setenv("GRIDGRAD_TOKEN", "of the probe")
    assert await asyncio.to_thread(healthcheck.check, address) == "SERVING"
