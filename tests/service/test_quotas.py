"""Quotas of a real server: refusals that say when to come again, streams that wait, and turns by weight."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gridgrad
from tests.service.harness import Running, running

AXES = {"t": np.linspace(1, 2, 32), "k": np.linspace(2, 3, 32)}
TEXT = "t*exp(-k) + sin(t*k)"
COST = 32 * 32 * 3


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A file of tokens, and the token of each principal."""
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    limits = {
        "slow": [f"cost-rate={20 * COST}"],
        "alone": ["sessions=1", "requests=1"],
        "small": ["cache-bytes=1KiB"],
        "large": [],
    }
    made = {}
    for name, words in limits.items():
        flags = [flag for word in words for flag in ("--limit", word)]
        command = [sys.executable, "-m", "gridgrad_server", "token", "add", "--file", str(file), "--principal", name]
        made[name] = subprocess.run([*command, *flags], check=True, capture_output=True, text=True).stdout.strip()
    return file, made


@pytest.fixture(scope="module")
def limited(
    tokens: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, dict[str, str]]]:
    file, made = tokens
    with running(tmp_path_factory.mktemp("limited"), "--auth-tokens", str(file)) as server:
        yield server, made


Limited = tuple[Running, dict[str, str]]


@pytest.mark.parametrize("sessions", [False, True])
def test_who_is_over_his_rate_is_told_when_to_come_again(limited: Limited, sessions: bool) -> None:
    server, made = limited
    hasty = gridgrad.Client(server.address, token=made["slow"], retries=0, sessions=sessions)
    said = r"slow has .*; its limit is cost-rate=\d+; retry in 0.0"
    with hasty, pytest.raises(gridgrad.BusyError, match=said):
        _many(hasty)
    with gridgrad.Client(server.address, token=made["slow"], retries=5, sessions=sessions) as client:
        began_at = time.monotonic()
        _many(client, 10)
        assert time.monotonic() - began_at > 5 / 20, "it was waited for, by the time that the server said"


def _many(client: gridgrad.Client, times: int = 1000) -> None:
    for _ in range(times):
        client.gradient(TEXT, AXES)


def test_streams_over_the_rate_are_read_more_slowly(limited: Limited) -> None:
    server, made = limited
    with gridgrad.Client(server.address, token=made["slow"], retries=0) as client:
        began_at = time.monotonic()
        requests = [gridgrad.Request(f"{TEXT} + {n}*t", AXES) for n in range(30)]  # no two go in one message
        assert len(list(client.stream(requests))) == 30
        assert time.monotonic() - began_at > 5 / 20


def test_sessions_and_requests_at_once(limited: Limited) -> None:
    server, made = limited
    with gridgrad.Client(server.address, token=made["alone"], retries=0) as one:
        for _ in range(3):
            one.gradient(TEXT, AXES)
        assert len(one._sessions) == 1
        with gridgrad.Client(server.address, token=made["alone"], retries=0) as other:
            for _ in range(3):
                other.gradient(TEXT, AXES)
            assert len(other._sessions) == 0


@pytest.mark.long
def test_what_is_compiled_for_one_stays_within_his_share_of_the_cache(
    tokens: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    file, made = tokens
    cache = tmp_path / "compiled"
    flags = ["--auth-tokens", str(file), "--cache", str(cache)]
    with running(tmp_path, *flags, environment={"GRIDGRAD_COMPILE": "true"}) as server:
        for name, left in [("large", 2), ("small", 3), ("large", 5)]:
            with gridgrad.Client(server.address, token=made[name], timeout=120) as client:
                for n in range(2):
                    assert client.prepare(f"{left}*t*exp(k) + {n}", AXES).tier == "compiled"
            assert len(list(cache.rglob("manifest.json"))) == left, "of small's two one is left"
