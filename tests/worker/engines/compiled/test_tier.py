"""When a worker has what compiled, and what it does when that can't be; with pretended compilations."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gridgrad_core.errors import NotPreparedError
from gridgrad_worker.engines.compiled import tier as module
from gridgrad_worker.engines.compiled.codegen.job import Order
from gridgrad_worker.engines.compiled.codegen.toolchain import find_compiler
from gridgrad_worker.engines.compiled.compile_process import Compilation
from gridgrad_worker.engines.compiled.make import make
from gridgrad_worker.engines.compiled.runtime.cache import Cache
from gridgrad_worker.engines.compiled.runtime.cache_dir import open_directory
from gridgrad_worker.engines.compiled.tier import CompiledTier, Settings
from gridgrad_worker.engines.compiled.tiered import TieredEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Piece


class Pretended:
    """A compilation that ends when it is told to."""

    def __init__(self, order: Order, cache: Cache, timeout_s: float) -> None:
        self.order, self.cache, self.timeout_s = order, cache, timeout_s
        self.status: int | None = None
        self.said = ""
        self.ended = False

    def poll(self) -> int | None:
        return self.status

    def end(self) -> None:
        self.ended = True


class Compilations(list[Pretended]):
    """All that were started."""

    def __call__(self, order: Order, cache: Cache, timeout_s: float) -> Compilation:
        self.append(Pretended(order, cache, timeout_s))
        return self[-1]  # type: ignore[return-value] # has what is used of one


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Compilations:
    monkeypatch.setattr(module, "compiler_version", lambda: "g++ 1")
    return Compilations()


@pytest.fixture
def tier(settings: Settings, started: Compilations) -> Iterator[CompiledTier]:
    made = CompiledTier(settings, started)
    yield made
    made.close()


def test_an_expression_is_compiled_when_it_is_hot(
    tier: CompiledTier, started: Compilations, order: Order, direct: StructuredEngine
) -> None:
    key = tier.add(order, direct)
    tier.note(key, 999)
    assert not started
    tier.note(key, 1)
    tier.note(key, 1)
    assert [each.order for each in started] == [order]
    assert tier.lookup(key) is None


def test_an_expression_is_hot_when_it_is_asked_for_often(
    tier: CompiledTier, started: Compilations, order: Order, direct: StructuredEngine
) -> None:
    key = tier.add(order, direct)
    tier.note(key, 1, 48)
    tier.note(key, 1)
    assert not started
    tier.note(key, 1)
    assert len(started) == 1


def test_one_is_compiled_at_a_time(
    tier: CompiledTier, started: Compilations, order: Order, direct: StructuredEngine
) -> None:
    other = order._replace(dtype="float32")
    first, second = tier.add(order, direct), tier.add(other, direct)
    assert first != second
    tier.prepare(first)
    tier.prepare(second)
    assert [each.order for each in started] == [order]
    started[0].status = 1
    tier.lookup(second)
    assert [each.order for each in started] == [order, other]


def test_what_failed_is_not_tried_again(
    tier: CompiledTier, started: Compilations, order: Order, direct: StructuredEngine
) -> None:
    key = tier.add(order, direct)
    tier.prepare(key)
    started[0].status = 3
    for _ in range(3):
        assert tier.lookup(key) is None
        tier.prepare(key)
    assert len(started) == 1


def test_what_was_refused_is_not_tried_by_the_next_worker(
    tier: CompiledTier, started: Compilations, order: Order, direct: StructuredEngine, settings: Settings
) -> None:
    assert settings.root is not None
    Cache(settings.root, 1).refuse(order.key(), "no use")
    key = tier.add(order, direct)
    assert tier.lookup(key) is None
    tier.prepare(key)
    assert not started


def test_a_library_that_is_none_is_dropped(
    tier: CompiledTier,
    started: Compilations,
    order: Order,
    direct: StructuredEngine,
    settings: Settings,
    tmp_path: Path,
) -> None:
    assert settings.root is not None
    cache = Cache(settings.root, 1 << 20)
    (tmp_path / "grid.so").write_bytes(b"no library")
    cache.keep(order.key(), [tmp_path / "grid.so"], "another layout")
    key = tier.add(order, direct)
    assert tier.lookup(key) is None
    assert cache.find(key) is None
    tier.prepare(key)
    assert len(started) == 1, "it is replaced"


def test_the_end_of_a_worker_ends_its_compilation(
    tier: CompiledTier, started: Compilations, order: Order, direct: StructuredEngine, settings: Settings
) -> None:
    tier.prepare(tier.add(order, direct))
    tier.close()
    assert started[0].ended
    assert settings.root is not None
    assert list(settings.root.iterdir()) == []


def test_without_a_compiler_it_says_so_once(
    tier: CompiledTier,
    started: Compilations,
    order: Order,
    direct: StructuredEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "compiler_version", lambda: None)
    with caplog.at_level(logging.WARNING):
        for each in (order, order._replace(dtype="float32")):
            tier.prepare(tier.add(each, direct))
    assert not started
    (record,) = caplog.records
    assert "install g++" in record.getMessage()


def test_a_path_without_compilers_has_none(tmp_path: Path) -> None:
    code = "from gridgrad_worker.engines.compiled.codegen.toolchain import compiler_version; print(compiler_version())"
    environment = {name: value for name, value in os.environ.items() if name != "CXX"} | {"PATH": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"


def test_without_a_writable_disk_it_says_so_once(
    tmp_path: Path,
    order: Order,
    direct: StructuredEngine,
    caplog: pytest.LogCaptureFixture,
    piece: Callable[..., Piece],
) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        tier = CompiledTier(Settings(hot_points=1, root=tmp_path / "file" / "compiled"))
        engine = TieredEngine(direct, tier, tier.add(order, direct))
        out, expected = np.empty((2, 3, 60))
        for _ in range(2):
            assert engine.compute([piece(6, 10)], [out]) == ["direct"]
    direct.compute([piece(6, 10)], [expected])
    assert np.array_equal(out, expected)
    (record,) = caplog.records
    assert "GRIDGRAD_CACHE" in record.getMessage()
    engine.prepare()
    assert engine.state.compiled == "never"
    assert "GRIDGRAD_CACHE" in engine.state.why
    tier.close()


def test_the_directory_going_away_costs_nothing_but_speed(
    tier: CompiledTier, order: Order, direct: StructuredEngine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.root is not None
    shutil.rmtree(settings.root)
    monkeypatch.setattr(tier, "_start", Compilation)
    key = tier.add(order, direct)
    tier.prepare(key)
    assert tier.lookup(key) is None


class Ready:
    """A compiled engine that writes ones."""

    tier = "compiled"

    def compute(self, pieces: list[Piece], outs: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> None:
        assert pieces, "an engine is not called for nothing"
        for _, out in zip(pieces, outs, strict=True):
            out[...] = 1


def test_each_piece_gets_the_tier_that_it_asks_for(
    tier: CompiledTier,
    order: Order,
    direct: StructuredEngine,
    piece: Callable[..., Piece],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = TieredEngine(direct, tier, tier.add(order, direct))
    outs = [np.zeros((3, 80)) for _ in range(3)]
    assert engine.compute([piece(8, 10)] * 3, outs, ["", "direct", ""]) == ["direct"] * 3
    monkeypatch.setattr(tier, "lookup", lambda _key: Ready())
    assert engine.compute([piece(8, 10)] * 3, outs, ["", "direct", "compiled"]) == ["compiled", "direct", "compiled"]
    assert [bool((out == 1).all()) for out in outs] == [True, False, True]
    assert engine.compute([piece(8, 10)], [np.zeros((3, 80))], ["direct"]) == ["direct"]


def test_a_piece_that_must_be_compiled_fails_where_it_can_not_be(
    tier: CompiledTier, order: Order, direct: StructuredEngine, piece: Callable[..., Piece]
) -> None:
    engine = TieredEngine(direct, tier, tier.add(order, direct))
    with pytest.raises(NotPreparedError, match="call prepare first"):
        engine.compute([piece(8, 10)], [np.empty((3, 80))], ["compiled"])


def test_an_expression_that_was_added_twice_is_known_until_it_was_forgotten_twice(
    tier: CompiledTier, order: Order, direct: StructuredEngine
) -> None:
    first, second = (TieredEngine(direct, tier, tier.add(order, direct)) for _ in range(2))
    first.close()
    assert second.state.compiled == "pending"
    second.close()
    assert not tier.is_waiting


def test_two_workers_take_turns_and_the_second_takes_what_the_first_has_made(
    tier: CompiledTier, started: Compilations, order: Order, direct: StructuredEngine, settings: Settings
) -> None:
    other = CompiledTier(settings, started)
    key = tier.add(order, direct)
    assert other.add(order, direct) == key
    tier.prepare(key)
    other.prepare(key)
    assert len(started) == 1
    assert other.is_waiting
    assert other.state(key).compiled == "pending"
    assert settings.root is not None
    Cache(settings.root, 1).refuse(key, "no use")
    other.attend()
    assert other.is_waiting, "the first is not done yet"
    started[0].status = 0
    for each in (tier, other):
        each.attend()
        assert not each.is_waiting
        assert each.state(key) == ("never", "no use")
    assert len(started) == 1
    other.close()


def test_keys_differ_by_all_that_counts(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [
        order._replace(text="a*x*y"),
        order._replace(names=("x", "a", "y")),
        order._replace(dims=((), (1,), (0,))),
        order._replace(wanted=((), (2,), (1,))),
        order._replace(dtype="float32"),
        order._replace(device="cuda:0"),
    ]
    keys = {each.key() for each in (order, *others)}
    assert len(keys) == 7
    assert Order.from_json(order.to_json()) == order
    monkeypatch.setattr("gridgrad_worker.engines.compiled.codegen.job._made_for", lambda: ("another version",))
    assert order.key() not in keys


def test_what_this_machine_lacks_is_not_held_against_a_program(
    order: Order, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.root is not None
    root = open_directory(settings.root)
    monkeypatch.setattr("gridgrad_worker.engines.compiled.codegen.build._TORCH", tmp_path)
    assert "headers" in make(order, root, 1 << 20, tmp_path) or find_compiler() is None
    monkeypatch.setattr("gridgrad_worker.engines.compiled.codegen.build.find_compiler", lambda: None)
    assert "install g++" in make(order, root, 1 << 20, tmp_path)
    assert Cache(root, 1 << 20).find(order.key()) is None


def test_what_the_compiler_refuses_is_remembered(
    order: Order, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.root is not None
    root = open_directory(settings.root)
    monkeypatch.setattr("gridgrad_worker.engines.compiled.make.source_of", lambda *_: "no C++")
    if find_compiler() is None:
        pytest.skip("there is no C++ compiler")
    assert "refuses" in make(order, root, 1 << 20, tmp_path)
    package = Cache(root, 1 << 20).find(order.key())
    assert package is not None
    assert "refuses" in package.refused
