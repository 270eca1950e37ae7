"""When a worker has what compiled, and what it does when that can't be; with pretended compile processes."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gridgrad_worker.engines.compiled import cpu_compiler as module
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.compile_process import CompileProcess
from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings, open_cpu_tier
from gridgrad_worker.engines.compiled.tier import Tier
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.native.cache import Cache


class Pretended:
    """A compilation that ends when it is told to."""

    def __init__(self, job: CompileJob, cache: Cache, timeout_s: float) -> None:
        self.job, self.cache, self.timeout_s = job, cache, timeout_s
        self.status: int | None = None
        self.said = ""
        self.ended = self.was_given_up = False

    def poll(self) -> int | None:
        return self.status

    def end(self) -> None:
        self.ended = True


class Compilations(list[Pretended]):
    """All that were started."""

    def __call__(self, job: CompileJob, cache: Cache, timeout_s: float) -> CompileProcess:
        self.append(Pretended(job, cache, timeout_s))
        return self[-1]  # type: ignore[return-value] # has what is used of one


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Compilations:
    monkeypatch.setattr(module, "compiler_version", lambda: "g++ 1")
    return Compilations()


@pytest.fixture
def tier(settings: CpuTierSettings, started: Compilations) -> Iterator[Tier]:
    made = open_cpu_tier(settings, started)
    yield made
    made.close()


def test_an_expression_is_compiled_when_it_is_hot(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    tier.count_use(key, 999)
    assert not started
    tier.count_use(key, 1)
    tier.count_use(key, 1)
    assert [each.job for each in started] == [job]
    assert tier.lookup(key) is None


def test_an_expression_is_hot_when_it_is_asked_for_often(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    tier.count_use(key, 1, 48)
    tier.count_use(key, 1)
    assert not started
    tier.count_use(key, 1)
    assert len(started) == 1


def test_one_is_compiled_at_a_time(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine
) -> None:
    other = job._replace(dtype="float32")
    first, second = tier.add(job, direct), tier.add(other, direct)
    assert first != second
    tier.prepare(first)
    tier.prepare(second)
    assert [each.job for each in started] == [job]
    started[0].status = 1
    tier.lookup(second)
    assert [each.job for each in started] == [job, other]


def test_what_failed_is_not_tried_again(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    tier.prepare(key)
    started[0].status = 3
    for _ in range(3):
        assert tier.lookup(key) is None
        tier.prepare(key)
    assert len(started) == 1


@pytest.mark.parametrize("status", [-9, 75])
def test_what_was_killed_or_had_no_room_is_tried_again_when_it_is_prepared(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine, status: int
) -> None:
    key = tier.add(job, direct)
    tier.prepare(key)
    started[0].status = status
    assert tier.lookup(key) is None
    assert tier.state(key).compiled == "later"
    tier.prepare(key)
    assert len(started) == 2


def test_what_took_too_long_is_not(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    tier.prepare(key)
    started[0].status, started[0].was_given_up = -9, True
    assert tier.lookup(key) is None
    assert tier.state(key).compiled == "never"


def test_a_disk_that_was_full_when_a_worker_began_is_used_once_it_is_not(
    started: Compilations,
    job: CompileJob,
    direct: StructuredEngine,
    settings: CpuTierSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "CrashMarks", full)
        tier = open_cpu_tier(settings, started)
        key = tier.add(job, direct)
        tier.prepare(key)
        state = tier.state(key)
        assert (state.compiled, "No space left" in state.why) == ("later", True)
    tier.prepare(key)
    assert tier.state(key).compiled == "pending"
    assert len(started) == 1
    tier.close()
    assert settings.root is not None
    assert not list(settings.root.iterdir())


def test_what_was_refused_is_not_tried_by_the_next_worker(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine, settings: CpuTierSettings
) -> None:
    assert settings.root is not None
    Cache(settings.root, 1).refuse(job.key(), "no use")
    key = tier.add(job, direct)
    assert tier.lookup(key) is None
    tier.prepare(key)
    assert not started


def test_a_library_that_is_none_is_dropped(
    tier: Tier,
    started: Compilations,
    job: CompileJob,
    direct: StructuredEngine,
    settings: CpuTierSettings,
    tmp_path: Path,
) -> None:
    assert settings.root is not None
    cache = Cache(settings.root, 1 << 20)
    (tmp_path / "grid.so").write_bytes(b"no library")
    cache.keep(job.key(), [tmp_path / "grid.so"], "another layout")
    key = tier.add(job, direct)
    assert tier.lookup(key) is None
    assert cache.find(key) is None
    tier.prepare(key)
    assert len(started) == 1, "it is replaced"


def test_the_end_of_a_worker_ends_its_compilation(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine, settings: CpuTierSettings
) -> None:
    tier.prepare(tier.add(job, direct))
    tier.close()
    assert started[0].ended
    assert settings.root is not None
    assert list(settings.root.iterdir()) == []


def test_without_a_compiler_it_says_so_once(
    tier: Tier,
    started: Compilations,
    job: CompileJob,
    direct: StructuredEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "compiler_version", lambda: None)
    with caplog.at_level(logging.WARNING):
        for each in (job, job._replace(dtype="float32")):
            tier.prepare(tier.add(each, direct))
    assert not started
    (record,) = caplog.records
    assert "install g++" in record.getMessage()


def test_without_a_writable_disk_it_says_so_once(
    tmp_path: Path,
    job: CompileJob,
    direct: StructuredEngine,
    caplog: pytest.LogCaptureFixture,
    tile: Callable[..., Tile],
) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        tier = open_cpu_tier(CpuTierSettings(hot_points=1, root=tmp_path / "file" / "compiled"))
        engine = TieredEngine(direct, tier, tier.add(job, direct))
        out, expected = np.empty((2, 3, 60))
        for _ in range(2):
            assert engine.compute([tile(6, 10)], [out]) == ["direct"]
    direct.compute([tile(6, 10)], [expected])
    assert np.array_equal(out, expected)
    (record,) = caplog.records
    assert "GRIDGRAD_CACHE" in record.getMessage()
    engine.prepare()
    assert engine.state.compiled == "never"
    assert "GRIDGRAD_CACHE" in engine.state.why
    tier.close()


@pytest.mark.usefixtures("started")
def test_the_directory_going_away_costs_nothing_but_speed(
    job: CompileJob, direct: StructuredEngine, settings: CpuTierSettings
) -> None:
    tier = open_cpu_tier(settings)
    assert settings.root is not None
    shutil.rmtree(settings.root)
    key = tier.add(job, direct)
    tier.prepare(key)
    assert tier.lookup(key) is None
    assert tier.state(key).compiled == "never"
    tier.close()


def test_two_workers_take_turns_and_the_second_takes_what_the_first_has_made(
    tier: Tier, started: Compilations, job: CompileJob, direct: StructuredEngine, settings: CpuTierSettings
) -> None:
    other = open_cpu_tier(settings, started)
    key = tier.add(job, direct)
    assert other.add(job, direct) == key
    tier.prepare(key)
    other.prepare(key)
    assert len(started) == 1
    assert other.is_busy
    assert other.state(key).compiled == "pending"
    assert settings.root is not None
    Cache(settings.root, 1).refuse(key, "no use")
    other.poll()
    assert other.is_busy, "the first is not done yet"
    started[0].status = 0
    for each in (tier, other):
        each.poll()
        assert not each.is_busy
        assert each.state(key) == ("never", "no use")
    assert len(started) == 1
    other.close()
