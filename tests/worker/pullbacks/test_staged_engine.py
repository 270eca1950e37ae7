"""The engines of all stages as one: compiled code of some is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.tier import Hotness, Tier
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.pullbacks.staged_engine import StagedEngine
from tests.worker.engines.compiled.scripted import ScriptedCompiler


def test_it_is_ready_once_all_are(monkeypatch: pytest.MonkeyPatch) -> None:
    tier = Tier(ScriptedCompiler(), Hotness(1000, 50))
    engines = [_engine(text, tier) for text in ("t*2", "t*3", "t*4")]
    staged = StagedEngine(engines[0], engines[1:])
    ready: set[str] = set()
    code = cast("CompiledEngine", object())
    lookup: Callable[[str], CompiledEngine | None] = lambda key: code if key in ready else None  # noqa: E731
    monkeypatch.setattr(tier, "lookup", lookup)
    for each in engines:
        assert not staged.is_ready
        ready.add(each._key)
    assert staged.is_ready


def test_what_it_says_is_of_the_first_that_has_no_code() -> None:
    compiler = ScriptedCompiler()
    tier = Tier(compiler, Hotness(1000, 50))
    engines = [_engine(text, tier) for text in ("t*2", "t*3")]
    staged = StagedEngine(engines[0], engines[1:])
    assert staged.state.compiled == "pending"
    staged.prepare()
    assert tier.is_busy
    staged.close()
    assert not tier._known


def _engine(text: str, tier: Tier) -> TieredEngine:
    job = CompileJob(text, ("t",), ((0,),), 1, ((),), "float64", "cpu")
    direct = StructuredEngine(job.program(), job.inputs, 1, job.wanted, job.torch_dtype, CpuDevice(1))
    return TieredEngine(direct, tier, tier.add(job, direct))
