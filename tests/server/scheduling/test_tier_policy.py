"""Which tier the tiles of a grid are asked in, with workers that only say what they have."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gridgrad_core.errors import GridgradError, NotPreparedError, RequestError, UnavailableError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import Slot, SlotPool
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.request import Failures, GridRequest
from gridgrad_server.scheduling.scheduler import Scheduler
from gridgrad_server.scheduling.tier_policy import TierPolicy
from tests.server.building import RememberingSink, function_key, make_template

LACKING = wpb.PieceFailure(reason="not_prepared", field="tier", found="no code", remedy="call prepare first")


class SendingSink(RememberingSink):
    """A sink whose results leave the server at once."""

    def take_tile(
        self, request: GridRequest, tile: GridTile, result: memoryview, failures: Failures, slot: Slot | None
    ) -> None:
        request.progress.sent()
        super().take_tile(request, tile, result, failures, slot)


class CompilingWorker:
    """Says what it is told to of its compiled code, and answers when told."""

    is_ready = True
    name = 0
    device = "cpu"
    is_at_long = False

    def __init__(self, has: str) -> None:
        self.has = has
        self.out: list[Batch] = []
        self.was_asked = self.was_asked_again = 0

    @property
    def load(self) -> int:
        return len(self.out)

    def ask(self, batch: Batch) -> None:
        self.out.append(batch)

    @property
    def programs(self) -> CompilingWorker:
        return self

    def state(self, _: FunctionKey) -> wpb.PlanState | None:
        return wpb.PlanState(compiled=self.has, engine="structured") if self.has else None

    def prepare(self, function: FunctionKey, *, again: bool = False) -> wpb.PlanState | None:
        self.was_asked += 1
        self.was_asked_again += again
        return self.state(function)


class Case:
    """A scheduler with workers that have said this of their compiled code, and a request."""

    def __init__(
        self,
        *has: str,
        wanted: str = "",
        tiles: int = 4,
        kind: str = "expression",
        has_tiers: bool = True,
    ) -> None:
        self.workers: list[Any] = [CompilingWorker(each) for each in has]
        self.tiers = TierPolicy(self.workers, has_tiers=has_tiers)
        self.scheduler = Scheduler(1, SlotPool(), self.workers, self.tiers, Observers())
        self.sink = SendingSink()
        template = make_template(function_key(kind=kind), tiles, tier=wanted)
        self.request = GridRequest(template, [], self.sink, "someone", None, 1, 10)

    async def begin(self) -> list[str]:
        """Submits the request; the tiers that its tiles are then asked in."""
        self.scheduler.submit(self.request)
        await self.settled()
        return self.asked()

    def asked(self) -> list[str]:
        messages = [batch.frame([], False, []) for worker in self.workers for batch in worker.out]
        return [tile.tier for raw in messages for tile in wpb.ServerMessage.FromString(raw).batch.pieces]

    async def answer(self, tier: str = "", failure: wpb.PieceFailure | None = None, worker: int = 0) -> list[str]:
        """Has a worker answer its first batch; the tiers that tiles are out in then."""
        batch = self.workers[worker].out.pop(0)
        failures = [failure] if failure else []
        done = wpb.BatchDone(id=batch.number, engine="structured", tiers=[tier], failures=failures)
        self.scheduler.done(self.workers[worker], batch, done)
        batch.let_go()
        await self.settled()
        return self.asked()

    async def settled(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("has", "asked_in"),
    [
        (["ready", "ready"], ["compiled"] * 4),
        (["ready", "pending"], ["direct"] * 4),
        (["", "pending"], ["direct"] * 4),
        (["never"], ["direct"] * 2),
        (["", ""], [""]),
        (["ready", ""], [""]),
    ],
)
async def test_all_tiles_are_asked_in_one_tier_and_the_first_goes_alone_where_it_is_not_known(
    has: list[str], asked_in: list[str]
) -> None:
    assert await Case(*has).begin() == asked_in


@pytest.mark.parametrize("tier", ["compiled", "direct"])
async def test_the_others_follow_the_first(tier: str) -> None:
    case = Case("", "")
    await case.begin()
    case.workers[0].has = "pending"  # what it says later changes nothing
    assert await case.answer(tier) == [tier] * 3


async def test_one_tile_is_left_to_its_worker() -> None:
    for has in ("", "ready", "pending"):
        assert await Case(has, tiles=1).begin() == [""]


@pytest.mark.parametrize("case", [{"kind": "registered"}, {"has_tiers": False}])
async def test_what_has_no_tiers_is_not_held_up(case: dict[str, Any]) -> None:
    assert await Case("", **case).begin() == [""] * 2


async def test_what_was_asked_for_is_asked_for_whatever_the_workers_have() -> None:
    assert await Case("never", wanted="compiled").begin() == ["compiled"] * 2
    assert await Case("ready", wanted="direct", tiles=1).begin() == ["direct"]


async def test_who_asked_for_compiled_code_learns_that_there_is_none() -> None:
    case = Case("pending", wanted="compiled")
    await case.begin()
    await case.answer(failure=LACKING)
    (error,) = case.sink.errors
    assert isinstance(error, NotPreparedError)


async def test_an_answer_in_another_tier_than_asked_for_is_none() -> None:
    case = Case("ready", wanted="compiled")
    await case.begin()
    await case.answer("direct")
    (error,) = case.sink.errors
    assert isinstance(error, RequestError)
    assert not case.sink.tiles


async def test_a_grid_that_can_not_go_on_in_its_tier_is_to_be_sent_again() -> None:
    case = Case("ready", "ready")
    await case.begin()
    await case.answer("compiled")
    await case.answer(failure=LACKING, worker=1)
    (error,) = case.sink.errors
    assert isinstance(error, UnavailableError)
    assert "send it again" in str(error)


async def test_tiers_are_never_mixed_whatever_workers_do() -> None:
    case = Case("ready", "ready")
    await case.begin()
    await case.answer("compiled")
    await case.answer("direct", worker=1)
    assert len(case.sink.tiles) == 1
    assert isinstance(case.sink.errors[0], UnavailableError)


async def test_what_cost_a_worker_its_life_is_tried_again_directly_if_nothing_is_computed_yet() -> None:
    case = Case("ready", tiles=2)
    assert await case.begin() == ["compiled"] * 2
    batches, case.workers[0].out = case.workers[0].out, []
    for batch in batches:
        case.scheduler.lost(batch, blamed=batch is batches[0])
        batch.let_go()
    await case.settled()
    assert case.asked() == ["direct"] * 2


async def test_prepare_asks_all_and_answers_when_all_have_it_or_one_never_will() -> None:
    case = Case("pending", "")
    waiting = asyncio.create_task(case.tiers.prepare(function_key(), lambda: None))
    await case.settled()
    assert [worker.was_asked for worker in case.workers] == [1, 1]
    case.workers[0].has = "ready"
    case.tiers.changed()
    await case.settled()
    assert not waiting.done()
    case.workers[1].has = "ready"
    case.tiers.changed()
    assert (await waiting).compiled == "ready"
    assert [worker.was_asked_again for worker in case.workers] == [1, 1]
    case.workers[0].has = "never"
    assert (await case.tiers.prepare(function_key(), lambda: None)).compiled == "never"


async def test_prepare_ends_when_the_server_does() -> None:
    case = Case("pending")
    failures: list[GridgradError] = []

    def check() -> None:
        if failures:
            raise failures[0]

    waiting = asyncio.create_task(case.tiers.prepare(function_key(), check))
    await case.settled()
    failures.append(UnavailableError("", "it drains", "elsewhere"))
    case.tiers.changed()
    with pytest.raises(UnavailableError):
        await waiting
