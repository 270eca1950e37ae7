"""Which tier each tile is computed in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gridgrad_core.errors import NotPreparedError
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.tier import Hotness, Tier
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile
from tests.worker.engines.compiled.scripted import ScriptedCompiler


@pytest.fixture
def tier() -> Tier:
    return Tier(ScriptedCompiler(), Hotness(1000, 50))


class Ready:
    """A compiled engine that writes ones."""

    tier = "compiled"

    def compute(self, tiles: list[Tile], outs: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> None:
        assert tiles, "an engine is not called for nothing"
        for _, out in zip(tiles, outs, strict=True):
            out[...] = 1


def test_each_tile_gets_the_tier_that_it_asks_for(
    tier: Tier,
    job: CompileJob,
    direct: StructuredEngine,
    tile: Callable[..., Tile],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = TieredEngine(direct, tier, tier.add(job, direct))
    outs = [np.zeros((3, 80)) for _ in range(3)]
    assert engine.compute([tile(8, 10)] * 3, outs, ["", "direct", ""]) == ["direct"] * 3
    monkeypatch.setattr(tier, "lookup", lambda _key: Ready())
    assert engine.compute([tile(8, 10)] * 3, outs, ["", "direct", "compiled"]) == ["compiled", "direct", "compiled"]
    assert [bool((out == 1).all()) for out in outs] == [True, False, True]
    assert engine.compute([tile(8, 10)], [np.zeros((3, 80))], ["direct"]) == ["direct"]


def test_a_tile_that_must_be_compiled_fails_where_it_can_not_be(
    tier: Tier, job: CompileJob, direct: StructuredEngine, tile: Callable[..., Tile]
) -> None:
    engine = TieredEngine(direct, tier, tier.add(job, direct))
    with pytest.raises(NotPreparedError, match="call prepare first"):
        engine.compute([tile(8, 10)], [np.empty((3, 80))], ["compiled"])


def test_an_expression_that_was_added_twice_is_known_until_it_was_forgotten_twice(
    tier: Tier, job: CompileJob, direct: StructuredEngine
) -> None:
    first, second = (TieredEngine(direct, tier, tier.add(job, direct)) for _ in range(2))
    first.close()
    assert second.state.compiled == "pending"
    second.close()
    assert not tier.is_busy


def test_what_is_hot_is_compared_at_numbers_of_the_request_that_made_it_so(
    job: CompileJob, direct: StructuredEngine, tile: Callable[..., Tile]
) -> None:
    compiler = ScriptedCompiler()
    tier = Tier(compiler, Hotness(1000, 50))
    engine = TieredEngine(direct, tier, tier.add(job, direct))
    engine.compute([tile(8, 10, a=4.0)], [np.empty((3, 80))])
    assert not compiler.started
    engine.compute([tile(80, 20, a=7.0, low=1.0)], [np.empty((3, 1600))])
    (started,) = compiler.started
    assert started.job.key() == job.key()
    assert started.job.seen is not None
    a, x, y = started.job.seen.inputs
    assert a == (7.0,)
    assert (min(x), max(x), min(y), max(y)) == (1, 3, -1, 2)
