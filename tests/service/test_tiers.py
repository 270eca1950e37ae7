"""Compiled code in running servers: made once, taken up by all workers, never mixed with the direct tier in one grid.

One small expression is really compiled, by a server of two workers; the other servers of this module begin with a
copy of its cache.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from tests.service.harness import Running, eventually, running

pytestmark = pytest.mark.timeout(900)  # a compilation takes a minute on a busy machine

EXPRESSION = "a*x*exp(-y) + sin(x)*cos(y) + log(x + y)"
NAMES = [("a", ()), "x", "y"]
X, Y = np.linspace(1, 2, 300), np.linspace(0.1, 3, 500)
AXES = {"a": 1.5, "x": X, "y": Y}
SMALL = {"a": 1.5, "x": X[:20], "y": Y[:30]}
PIECES = ["--piece-cost", "30000"]  # 15 of them
NEVER_LONGER_S = 600.0


def compiling(cache: Path) -> dict[str, str]:
    """The environment of a server that compiles."""
    return {"GRIDGRAD_COMPILE": "1", "GRIDGRAD_CACHE": str(cache)}


def packages(cache: Path) -> set[str]:
    """The keys of what is in a cache."""
    return {path.name for path in (cache / "compiled").iterdir() if re.fullmatch("[0-9a-f]{64}", path.name)}


class Made(NamedTuple):
    """What the first server has made, and what happened meanwhile."""

    cache: Path
    prepared: list[gridgrad.Prepared]
    meanwhile: list[gridgrad.Result]
    direct: gridgrad.Result
    compiled: gridgrad.Result
    log: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two clients prepare an expression at once, while a third has grids of it computed."""
    folder = tmp_path_factory.mktemp("made")
    cache = folder / "cache"
    with (
        running(folder, "--workers", "2", *PIECES, environment=compiling(cache)) as server,
        contextlib.ExitStack() as stack,
    ):
        clients = [stack.enter_context(gridgrad.Client(server.address, timeout=NEVER_LONGER_S)) for _ in range(3)]
        with ThreadPoolExecutor(2) as threads:
            calls = [threads.submit(client.prepare, EXPRESSION, NAMES) for client in clients[:2]]
            meanwhile = [clients[2].gradient(EXPRESSION, AXES)]
            while not all(call.done() for call in calls):
                threading.Event().wait(0.2)  # the compiler needs the processor too
                meanwhile.append(clients[2].gradient(EXPRESSION, AXES))
        meanwhile.append(clients[2].gradient(EXPRESSION, AXES))
        direct, compiled = (clients[2].gradient(EXPRESSION, AXES, tier=tier) for tier in ("direct", "compiled"))
        return Made(cache, [call.result() for call in calls], meanwhile, direct, compiled, server.log.read_text())


@pytest.fixture
def cache(made: Made, tmp_path: Path) -> Path:
    """A copy of the cache with the compiled expression."""
    shutil.copytree(made.cache, tmp_path / "cache")
    return tmp_path / "cache"


def planes(result: gridgrad.Result) -> list[bytes]:
    return [result.d[wrt].tobytes() for wrt in ((), ("x",), ("y",))]


def test_what_two_clients_prepare_is_compiled_once_and_used_by_both_workers(made: Made) -> None:
    assert [(each.engine, each.tier, each.reason) for each in made.prepared] == [("structured", "compiled", "")] * 2
    assert made.log.count("compiling ") == 1
    assert made.log.count("is in use") == 2
    assert len(packages(made.cache)) == 1
    assert made.prepared[0].digest == made.direct.info.digest


def test_a_grid_of_many_pieces_is_of_one_tier_also_while_the_workers_change(made: Made) -> None:
    tiers = [each.info.tier for each in made.meanwhile]
    assert (tiers[0], tiers[-1]) == ("direct", "compiled")
    wanted = {"direct": planes(made.direct), "compiled": planes(made.compiled)}
    assert wanted["direct"] != wanted["compiled"], "else this shows nothing"
    assert all(planes(each) == wanted[each.info.tier] for each in made.meanwhile)


def test_both_tiers_are_right(made: Made) -> None:
    a, x, y = 1.5, X[:, None], Y
    product, one_over = a * np.exp(-y), 1 / (x + y)
    wanted = {
        (): product * x + np.sin(x) * np.cos(y) + np.log(x + y),
        ("x",): product + np.cos(x) * np.cos(y) + one_over,
        ("y",): -product * x - np.sin(x) * np.sin(y) + one_over,
    }
    for result in (made.direct, made.compiled):
        for wrt, grid in wanted.items():
            assert_allclose(result.d[wrt], grid, rtol=1e-13, atol=1e-14)
    assert made.direct.info.tier == "direct"


@pytest.mark.parametrize("axes", [SMALL, AXES], ids=["one piece", "many pieces"])
def test_after_a_restart_the_first_request_is_computed_by_compiled_code(
    cache: Path, made: Made, tmp_path: Path, axes: dict[str, object]
) -> None:
    with (
        running(tmp_path, *PIECES, environment=compiling(cache)) as server,
        gridgrad.Client(server.address) as client,
    ):
        first = client.gradient(EXPRESSION, axes)
        assert first.info.tier == "compiled"
        assert client.explain(EXPRESSION, NAMES).tier == "compiled"
        assert client.prepare(EXPRESSION, NAMES).tier == "compiled"
        assert "compiling " not in server.log.read_text()
        if axes is AXES:
            assert planes(first) == planes(made.compiled)


def test_calls_in_a_loop_get_the_bits_of_their_own_numbers(cache: Path, made: Made, tmp_path: Path) -> None:
    with (
        running(tmp_path, *PIECES, environment=compiling(cache)) as server,
        gridgrad.Client(server.address) as near,
        gridgrad.Client(server.address, sessions=False) as far,
    ):
        asked = [{"a": a, "x": X[at : at + 20], "y": Y[at : at + 30]} for at, a in enumerate((1.5, 2.5, -3.0, 0.5))]
        packed = list(far.map(EXPRESSION, asked))
        for client in (near, far):
            got = [client.gradient(EXPRESSION, each) for each in asked]
            assert [planes(each) for each in got] == [planes(each) for each in packed]
            assert {each.info.tier for each in got} == {"compiled"}
            assert planes(client.gradient(EXPRESSION, AXES)) == planes(made.compiled)
            assert planes(client.gradient(EXPRESSION, AXES, tier="direct")) == planes(made.direct)
        for reduced in ({"x": "mean"}, "argmax"):
            for _ in range(2):  # by a template from the second on
                together = list(near.map(EXPRESSION, asked, reduce=reduced))
            assert [planes(each) for each in together] == [
                planes(far.gradient(EXPRESSION, each, reduce=reduced)) for each in asked
            ]
            want = [np.mean(grid.value, 0) if reduced != "argmax" else np.argmax(grid.value) for grid in packed]
            for each, grid in zip(together, want, strict=True):
                assert_allclose(each.value, grid, rtol=1e-13)
                assert each.info.tier == "compiled"


def test_a_worker_that_is_killed_in_compiled_code_takes_it_along(cache: Path, made: Made, tmp_path: Path) -> None:
    (key,) = packages(cache)
    with (
        running(tmp_path, *PIECES, environment=compiling(cache)) as server,
        gridgrad.Client(server.address) as client,
    ):
        assert client.gradient(EXPRESSION, AXES).info.tier == "compiled"
        shutil.copytree(cache / "compiled" / key, tmp_path / "kept")
        with computing(client) as results:
            killed = killed_in_compiled_code(server, cache)
            eventually(lambda: server.replaced(killed), "another worker")
            after = len(results)
            eventually(lambda: len(results) > after + 1, "results of the next worker")
        assert f"a worker died in the compiled code of {key[:12]}" in server.log.read_text()
        assert key not in packages(cache)
        assert results[-1].info.tier == "direct"
        wanted = {"direct": planes(made.direct), "compiled": planes(made.compiled)}
        assert all(planes(each) == wanted[each.info.tier] for each in results)


@contextlib.contextmanager
def computing(client: gridgrad.Client) -> Iterator[list[gridgrad.Result]]:
    """Has grids computed all the time in another thread."""
    results: list[gridgrad.Result] = []
    failures: list[gridgrad.GridgradError] = []
    done = threading.Event()

    def compute() -> None:
        try:
            while not done.is_set():
                results.append(client.gradient(EXPRESSION, AXES))
        except gridgrad.GridgradError as error:
            failures.append(error)

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield results
    finally:
        done.set()
        thread.join()
    assert not failures


def killed_in_compiled_code(server: Running, cache: Path) -> int:
    """Kills the worker while it marks that it runs compiled code, and returns its process id."""
    (worker,) = server.workers()
    (mark,) = (cache / "compiled").glob("worker-*")

    def killed() -> bool:
        os.kill(worker, signal.SIGSTOP)
        in_it = not mark.read_bytes().startswith(b"-")
        os.kill(worker, signal.SIGKILL if in_it else signal.SIGCONT)
        return in_it

    eventually(killed, "a worker in compiled code")
    return worker


def test_without_a_compiler_everything_is_served_and_the_log_says_so_once(tmp_path: Path) -> None:
    environment = {**compiling(tmp_path / "cache"), "PATH": str(tmp_path), "CXX": ""}
    with (
        running(tmp_path, environment=environment) as server,
        gridgrad.Client(server.address) as client,
    ):
        for expression in (EXPRESSION, f"2*({EXPRESSION})"):
            prepared = client.prepare(expression, NAMES)
            assert (prepared.tier, "install g++" in prepared.reason) == ("direct", True)
        with pytest.raises(gridgrad.NotPreparedError, match=r"install g\+\+"):
            client.gradient(EXPRESSION, SMALL, tier="compiled")
        assert client.gradient(EXPRESSION, SMALL).info.tier == "direct"
        assert server.log.read_text().count("install g++") == 1


def test_what_is_not_prepared_or_has_no_tiers_is_refused(client: gridgrad.Client) -> None:
    with pytest.raises(gridgrad.NotPreparedError, match="--no-compile"):
        client.gradient(EXPRESSION, SMALL, tier="compiled")
    (failure,) = client.stream([gridgrad.Request(EXPRESSION, SMALL, tier="compiled")], errors="return")
    assert isinstance(failure, gridgrad.NotPreparedError)
    with pytest.raises(gridgrad.RequestError, match="no tiers"):
        client.gradient(gridgrad.registered("fails"), {"x": [1.0]}, tier="direct")
    assert client.gradient(EXPRESSION, SMALL, tier="direct").info.tier == "direct"
    assert "--no-compile" in client.prepare(EXPRESSION, NAMES).reason


def test_a_server_of_the_functional_engine_has_no_tiers(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--engine", "functional") as server,
        gridgrad.Client(server.address) as client,
    ):
        for tier in ("direct", "compiled"):
            with pytest.raises(gridgrad.RequestError, match="functional"):
                client.gradient(EXPRESSION, SMALL, tier=tier)
        prepared = client.prepare(EXPRESSION, NAMES)
        assert (prepared.engine, prepared.tier) == ("functional", "")
        assert "functional" in prepared.reason
        assert client.explain(EXPRESSION, NAMES).engine == "functional"


def test_an_expression_is_explained(client: gridgrad.Client) -> None:
    explained = client.explain("exp(-x)*sin(y) + x*y + x**2*y**3", ["x", "y"], order=2)
    assert explained.program == "exp(-x)*sin(y) + x*y + x**2*y**3"
    assert "f_x_y" in explained.derived
    assert set(explained.operations) == {(), ("x",), ("y",), ("x", "y")}
    assert explained.ranks
    assert max(explained.ranks) == 3
    assert explained.written > explained.hoisted > explained.left
    assert (explained.engine, explained.tier) == ("structured", "direct")
    assert explained.digest == client.gradient(explained.program, {"x": [1.0], "y": [2.0]}).info.digest
    with pytest.raises(gridgrad.RequestError, match="which is no expression: it looks at the numbers of a tensor"):
        client.explain(gridgrad.registered("fails"), ["x"])
    with pytest.raises(gridgrad.ExpressionError):
        client.explain("x +", ["x"])


def test_a_long_expression_is_explained_in_bounded_space(client: gridgrad.Client) -> None:
    terms = " + ".join(f"sin({n}.5*x)*y**{n % 5}" for n in range(1000))
    explained = client.explain(terms, ["x", "y"])
    assert "lines are left out" in explained.derived
    assert len(str(explained)) < 300_000
    assert explained.ranks == (5, 5, 4)


@pytest.mark.long
def test_functions_of_the_library_are_compiled_once_and_where_code_is_kept(tmp_path: Path) -> None:
    x = np.linspace(-30, 30, 50)
    flags = ["--cache", str(tmp_path / "kept")]
    with (
        running(tmp_path, *flags, environment={"GRIDGRAD_COMPILE": "1"}) as server,
        gridgrad.Client(server.address, timeout=NEVER_LONGER_S) as client,
    ):
        assert client.prepare("j0(x)", ["x"], order=2).tier == "compiled"
        results = [client.gradient("j0(x)", {"x": x}, order=2, tier=tier) for tier in ("direct", "compiled")]
    want = [[float(mp.besselj(0, each, derivative=n)) for each in x] for n in range(3)]
    for result in results:
        for found, right in zip((result.value, result.d["x"], result.d["x", "x"]), want, strict=True):
            assert_allclose(found, right, rtol=1e-12, atol=1e-14)
    assert_array_equal(results[0].value, results[1].value)
    assert {file.name for file in (tmp_path / "kept").rglob("special.*")} == {"special.so", "special.o"}
