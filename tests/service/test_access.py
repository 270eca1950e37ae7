"""Tokens between real processes: every face of the client, SIGHUP, and callers without one."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad.errors import ForbiddenError
from gridgrad_core.wire import methods
from tests.compatibility.versions import WHEELS, unpacked
from tests.seeds import examples, seed
from tests.service.harness import Running, eventually, resident_mib, running
from tests.service.random_requests import METHODS, random_message

AXES = {"t": np.linspace(1, 2, 5), "k": np.linspace(2, 3, 4)}
TEXT = "t*k + k**2"
HEALTH = "/grpc.health.v1.Health"


class Guarded:
    """A server that asks for tokens, and its file of them."""

    def __init__(self, server: Running, file: Path) -> None:
        self.server = server
        self.file = file

    def command(self, *arguments: str) -> str:
        words = [sys.executable, "-m", "gridgrad_server", "token", arguments[0], "--file", str(self.file)]
        return subprocess.run([*words, *arguments[1:]], check=True, capture_output=True, text=True).stdout.strip()

    def read_again(self) -> None:
        before = self.server.log.read_text().count("credentials read again")
        os.kill(self.server.process.pid, signal.SIGHUP)
        eventually(lambda: self.server.log.read_text().count("credentials read again") > before, "the new tokens")

    def new(self, principal: str, role: str = "call") -> str:
        token = self.command("add", "--principal", principal, "--role", role)
        self.read_again()
        return token


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    file = folder / "tokens"
    file.touch(0o600)
    with running(folder, "--auth-tokens", str(file)) as server:
        yield Guarded(server, file)


@pytest.fixture(scope="module")
def token(guarded: Guarded) -> str:
    return guarded.new("alice")


def test_every_face_of_the_client_shows_its_token(guarded: Guarded, token: str, tmp_path: Path) -> None:
    address = guarded.server.address
    with gridgrad.Client(address, token=lambda: token) as client:
        want = client.gradient(TEXT, AXES)
        again = client.gradient(TEXT, AXES)
        assert len(client._sessions) == 1
        (streamed,) = client.map(TEXT, [AXES])
        assert client.server_status().version
        for each in (again, streamed):
            assert_array_equal(each.value, want.value)

    async def by_tasks() -> None:
        async with gridgrad.aio.Client(address, token=token) as client:
            assert_array_equal((await client.gradient(TEXT, AXES)).value, want.value)
            assert [each async for each in client.map(TEXT, [AXES])]

    asyncio.run(by_tasks())
    (tmp_path / "token").write_text(f"{token}\n")
    command = [sys.executable, "-m", "gridgrad.cli", "eval", "x**2", "--axis", "x=1,2", "--server", address]
    by_file, by_variable = ["--token-file", str(tmp_path / "token")], {"GRIDGRAD_TOKEN": token}
    subprocess.run([*command, *by_file], check=True, capture_output=True)
    subprocess.run(command, env={**os.environ, **by_variable}, check=True, capture_output=True)
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "GRIDGRAD_TOKEN" in refused.stderr


def test_without_a_token_or_by_a_revoked_one_there_is_no_answer(guarded: Guarded) -> None:
    address = guarded.server.address
    with gridgrad.Client(address) as client, pytest.raises(gridgrad.RefusedError, match="no token"):
        client.gradient(TEXT, AXES)
    bob = guarded.new("bob")
    with gridgrad.Client(address, token=bob) as client:
        for _ in range(2):
            client.gradient(TEXT, AXES)
        assert len(client._sessions) == 1
        guarded.command("revoke", "--principal", "bob")
        guarded.read_again()
        with pytest.raises(gridgrad.RefusedError, match="not known"):
            client.gradient(TEXT, AXES)
        scraper = guarded.new("scraper", "metrics")
    with gridgrad.Client(address, token=scraper) as client:
        assert client.server_status().version
        with pytest.raises(ForbiddenError, match="scraper"):
            client.gradient(TEXT, AXES)


@pytest.mark.parametrize("name", WHEELS)
def test_a_released_client_is_told_what_it_lacks(guarded: Guarded, name: str, tmp_path: Path) -> None:
    released = unpacked(name, tmp_path)
    told = released.run("tests.compatibility.stranger", [guarded.server.address], tmp_path)
    assert told.startswith("RefusedError")
    assert "token" in told


def test_a_wrong_line_leaves_the_tokens_as_they_were(guarded: Guarded, token: str) -> None:
    good = guarded.file.read_text()
    guarded.file.write_text(f"{good}mallory\n")
    os.kill(guarded.server.process.pid, signal.SIGHUP)
    eventually(lambda: "credentials stay as they were" in guarded.server.log.read_text(), "the refusal")
    assert f"line {good.count(chr(10)) + 1}: " in guarded.server.log.read_text()
    with gridgrad.Client(guarded.server.address, token=token) as client:
        client.gradient(TEXT, AXES)
    guarded.file.write_text(good)


def test_a_wrong_file_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("mallory\n")
    command = [sys.executable, "-m", "gridgrad_server", "--listen", "127.0.0.1:0", "--auth-tokens", str(file)]
    for mode, said in ((0o644, "chmod 600"), (0o600, "line 1: ")):
        file.chmod(mode)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.random
def test_whatever_comes_without_a_token_is_not_admitted(guarded: Guarded, token: str) -> None:
    root = guarded.new("root", "admin")
    wrong = [f"Bearer {each}" for each in (token[:-1], f"{token}x", token.swapcase(), token[::-1])]
    with gridgrad.Client(guarded.server.address, token=root) as admin:
        admin.server_status()
        before = admin.server_status().principals
        closed = [path for path in METHODS if HEALTH not in path]
        paths = [*closed, methods.OPEN_SESSION.path, methods.STREAM_GRID_GRADIENTS.path, "/gridgrad.v1.X/Y"]
        with grpc.insecure_channel(guarded.server.address) as channel:
            for number in range(examples(500)):
                draw = random.Random(seed(number))  # noqa: S311 - no secret
                headers = [("authorization", draw.choice(["", "Bearer", f"Basic {token}", token, "Bearer  "]))]
                headers *= draw.randrange(3)
                if number % 50 == 0:  # few, since more than 20 a second wait
                    headers = [("authorization", draw.choice(wrong))]
                call: Any = channel.unary_unary(draw.choice(paths))
                with pytest.raises(grpc.RpcError) as refused:
                    call(random_message(draw), metadata=headers)
                assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        after = admin.server_status().principals
    assert [each.total_requests for each in after] == [each.total_requests for each in before]


@pytest.mark.parametrize(
    ("path", "code"),
    [(methods.GRID_GRADIENT.path, grpc.StatusCode.UNAUTHENTICATED), (f"{HEALTH}/Check", grpc.StatusCode.OK)],
)
def test_callers_without_a_token_make_the_server_hold_nothing(
    guarded: Guarded, token: str, path: str, code: grpc.StatusCode
) -> None:
    del token  # the server has computed before
    pid, large = guarded.server.process.pid, bytes(60 << 20)
    with grpc.insecure_channel(guarded.server.address) as channel:
        call: Any = channel.unary_unary(path)
        before = resident_mib(pid)
        calls = [call.future(large) for _ in range(8)]
        most = 0.0
        while not all(each.done() for each in calls):
            most = max(most, resident_mib(pid))
        assert {each.code() for each in calls} == {code}
    assert most - before < 60
