"""The state machine of the compiled tier, whatever compiles: with a compiler that does what a test says."""

from __future__ import annotations

import itertools
import logging
import time
from typing import Any

import pytest

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.tier import FIRST_PAUSE_S, Hotness, Tier
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.cache import CacheOwner
from gridgrad_worker.native.errors import (
    CannotCompileError,
    MomentaryTroubleError,
    NothingToCompileWithError,
)
from tests.worker.engines.compiled.scripted import Code, ScriptedCompiler

HOT = Hotness(points=100, tiles=5)


@pytest.fixture
def compiler() -> ScriptedCompiler:
    return ScriptedCompiler()


@pytest.fixture
def tier(compiler: ScriptedCompiler) -> Tier:
    return Tier(compiler, HOT)


@pytest.mark.parametrize("uses", [[(99, 1), (1, 1)], [(1, 4), (1, 1)], [(100, 1)], [(1, 5)]])
def test_an_expression_is_compiled_as_soon_as_it_is_hot(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine, uses: list[tuple[int, int]]
) -> None:
    key = tier.add(job, direct)
    for points, tiles in uses:
        assert not compiler.started
        tier.count_use(key, points, tiles)
    tier.count_use(key, 1000, 1000)
    assert [each.job for each in compiler.started] == [job]
    assert tier.state(key) == ("pending", "")
    assert tier.is_busy


def test_what_is_compiled_is_used_from_the_next_lookup_on(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    tier.prepare(key)
    assert tier.lookup(key) is None
    compiler.started[0].made = code = Code()
    assert tier.lookup(key) is code
    assert tier.state(key).compiled == "ready"
    assert not tier.is_busy
    assert compiler.held == 0


def test_what_was_made_before_is_found_without_compiling_and_looked_for_once(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    for _ in range(3):
        assert tier.lookup(key) is None
    assert compiler.searches == 1
    other = tier.add(job._replace(dtype="float32"), direct)
    compiler.kept[other] = code = Code()
    assert tier.lookup(other) is code
    assert not compiler.started


class LoadedCode(CompiledEngine):
    """Code that says only of which tables it is."""

    def __init__(self, direct: StructuredEngine | None = None) -> None:
        self.direct = direct

    def of_tables(self, direct: StructuredEngine) -> CompiledEngine:
        return LoadedCode(direct)


def test_code_that_is_loaded_serves_other_numbers_of_its_tables(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    first = tier.add(job._replace(bound="some"), direct)
    code: Any = LoadedCode()
    compiler.kept[job.key()] = code
    assert tier.lookup(first) is code
    found = tier.lookup(tier.add(job._replace(bound="others"), direct))
    assert isinstance(found, LoadedCode)
    assert found.direct is direct
    assert compiler.searches == 1


def test_one_is_compiled_at_a_time_in_the_order_of_asking(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    jobs = [job, job._replace(dtype="float32"), job._replace(text="a*x*y")]
    keys = [tier.add(each, direct) for each in jobs]
    for key in keys:
        tier.prepare(key)
        tier.prepare(key)
    for count, each in enumerate(jobs, 1):
        assert len(compiler.started) == count
        assert compiler.started[-1].job == each
        compiler.started[-1].made = Code()
        tier.poll()
    assert [tier.state(key).compiled for key in keys] == ["ready"] * 3
    assert not tier.is_busy


def test_those_who_wait_take_turns(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    for owner, text in [("a", "x*y"), ("a", "x+y"), ("a", "x-y"), ("b", "x/y"), ("b", "y/x"), ("c", "y-x")]:
        tier.prepare(tier.add(job._replace(text=text, owner=CacheOwner(owner)), direct))
    while tier.is_busy:
        compiler.started[-1].made = Code()
        tier.poll()
    assert "".join(each.job.owner.name for each in compiler.started) == "abcaba"


def test_what_failed_is_not_tried_again(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    tier.prepare(key)
    compiler.started[0].failure = CannotCompileError("no use")
    for _ in range(3):
        assert tier.lookup(key) is None
        tier.prepare(key)
        tier.count_use(key, 1000)
    assert tier.state(key) == ("never", "no use")
    assert len(compiler.started) == 1
    assert not tier.is_busy


def test_trouble_that_passes_is_tried_again_when_it_is_prepared(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    tier.prepare(key)
    compiler.started[0].failure = MomentaryTroubleError("the disk is full")
    tier.poll()
    state = tier.state(key)
    assert (state.compiled, "the disk is full; it is tried again" in state.why) == ("later", True)
    tier.prepare(key)
    assert tier.state(key) == ("pending", "")
    compiler.started[1].made = code = Code()
    assert tier.lookup(key) is code
    assert compiler.held == 0


def test_trouble_that_passes_is_tried_again_by_what_is_hot_after_longer_and_longer(
    tier: Tier,
    compiler: ScriptedCompiler,
    job: CompileJob,
    direct: StructuredEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    key, tries = tier.add(job, direct), list[float]()
    for _ in range(1000):
        now[0] += 1.0
        tier.count_use(key, 1000)
        if len(compiler.started) > len(tries):
            tries.append(now[0])
            compiler.started[-1].failure = MomentaryTroubleError("the disk is full")
            tier.poll()
    assert [round(after - before) for before, after in itertools.pairwise(tries)] == [
        FIRST_PAUSE_S * factor for factor in (1, 2, 4, 8, 16)
    ]
    assert tier.state(key).compiled == "later"


def test_what_another_worker_makes_is_waited_for_and_taken(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    compiler.is_free = False
    key = tier.add(job, direct)
    tier.prepare(key)
    tier.poll()
    assert not compiler.started
    assert tier.state(key).compiled == "pending"
    compiler.is_free, compiler.kept[key] = True, Code()
    tier.poll()
    assert tier.state(key).compiled == "ready"
    assert not compiler.started
    assert not tier.is_busy
    assert compiler.held == 0


def test_what_another_worker_was_refused_is_refused_here(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    key = tier.add(job, direct)
    compiler.kept[key] = CannotCompileError("two workers died in it")
    tier.prepare(key)
    assert tier.state(key) == ("never", "two workers died in it")
    assert not compiler.started
    assert compiler.held == 0


def test_what_a_machine_lacks_is_said_once(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine, caplog: pytest.LogCaptureFixture
) -> None:
    compiler.lacks = NothingToCompileWithError("there is no C++ compiler; install g++")
    keys = [tier.add(each, direct) for each in (job, job._replace(dtype="float32"))]
    with caplog.at_level(logging.WARNING):
        for key in keys:
            tier.prepare(key)
    assert [tier.state(key).compiled for key in keys] == ["never", "never"]
    (record,) = caplog.records
    assert "install g++" in record.getMessage()
    assert compiler.held == 0


@pytest.mark.parametrize("is_added_again", [False, True])
def test_what_is_forgotten_while_it_is_compiled_is_dropped(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine, is_added_again: bool
) -> None:
    key = tier.add(job, direct)
    tier.prepare(key)
    tier.forget(key)
    if is_added_again:
        assert tier.add(job, direct) == key
    compiler.started[0].made = Code()
    tier.poll()
    assert not tier.is_busy
    if is_added_again:
        assert tier.state(key).compiled == "pending", "it is compared with the direct tier that it was made for"


def test_what_is_forgotten_while_it_waits_is_not_compiled(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    first, second = tier.add(job, direct), tier.add(job._replace(dtype="float32"), direct)
    tier.prepare(first)
    tier.prepare(second)
    tier.forget(second)
    compiler.started[0].made = Code()
    tier.poll()
    assert len(compiler.started) == 1
    assert not tier.is_busy


def test_the_end_ends_what_is_compiled(
    tier: Tier, compiler: ScriptedCompiler, job: CompileJob, direct: StructuredEngine
) -> None:
    tier.prepare(tier.add(job, direct))
    tier.close()
    assert compiler.started[0].ended
    assert compiler.closed
    assert not tier.is_busy
