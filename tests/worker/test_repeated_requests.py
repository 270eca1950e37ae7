"""A caller in a loop: its requests are computed by templates in a worker that has the plan compiled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridgrad_core.worker_v1 import worker_pb2 as pb
from tests.worker.driving import ANSWER_TIMEOUT_S, Driver, Slot, start

AXES = ("t", "k")
PLAN = pb.Plan(
    expression="c*t*k + exp(-t)",
    dtype="float64",
    inputs=[*(pb.PlanInput(name=name, dims=[name]) for name in AXES), pb.PlanInput(name="c")],
    derivatives=[pb.PlanDerivative(), pb.PlanDerivative(wrt=[0]), pb.PlanDerivative(wrt=[1])],
)
LAYOUT = pb.PieceLayout(
    inputs=[
        pb.PieceInput(array=pb.SlotArray(offset=0, shape=[5], dtype="float64")),
        pb.PieceInput(array=pb.SlotArray(offset=64, shape=[3], dtype="float32")),
        pb.PieceInput(array=pb.SlotArray(offset=128, dtype="float32")),
    ],
    start=[0, 0],
    shape=[5, 3],
).SerializeToString()


class Caller:
    """Asks a worker for the same grid of other numbers.

    Args:
        driver: to the worker.
        slot: in which they lie; the results go there too.
    """

    def __init__(self, driver: Driver, slot: Slot) -> None:
        self.driver, self.slot, self.number = driver, slot, 0

    def batch(self, *, attached: bool = False, at: int = 1024, plan: pb.Plan | None = None) -> pb.Batch:
        self.number += 1
        tile = pb.Piece(layout=LAYOUT, result_offset=at, inputs_slot=self.slot.number)
        slots = [self.slot.message(attached=attached)]
        return pb.Batch(id=self.number, plan_id=1, plan=plan, slots=slots, pieces=[tile])

    def check(self, by: float, *, at: int = 1024) -> pb.BatchDone:
        """Has a grid computed, and compares it."""
        t, k, c = by * np.arange(1.0, 6.0), np.arange(1, 4, dtype=np.float32), np.float32(by)
        self.slot.view(0, [5])[...] = t
        self.slot.view(64, [3], "float32")[...] = k
        self.slot.view(128, [1], "float32")[...] = c
        result = self.slot.view(at, [3, 5, 3])
        result[...] = np.nan
        done = self.driver.ask(self.batch(at=at))
        column, c64 = t[:, None], float(c)
        want = [c64 * column * k + np.exp(-column), c64 * k - np.exp(-column), c64 * column + 0 * k]
        np.testing.assert_allclose(result, want, rtol=1e-14, atol=1e-300)
        return done


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the plan is compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def caller(cache: Path) -> Iterator[Caller]:
    """With a worker that has the plan compiled."""
    with start("--cache", str(cache), compiling=True) as driver:
        assert driver.receive().WhichOneof("kind") == "ready"
        driver.connection.settimeout(ANSWER_TIMEOUT_S)
        made = Caller(driver, Slot(1, 1 << 16))
        driver.ask(made.batch(attached=True, plan=PLAN), [made.slot.descriptor])
        driver.send(pb.ServerMessage(prepare=pb.PlanRequest(plan_id=1)))
        while driver.states[1].compiled == "pending":
            driver.send(pb.ServerMessage(ping=pb.Ping()))
            driver.receive()
        assert driver.states[1].compiled == "ready", driver.states[1].why
        yield made


def test_other_numbers_in_the_same_places_and_elsewhere(caller: Caller) -> None:
    for at in (1024, 1024, 8192, 1024, 8192):
        for by in (0.5, 1.0, 3.0):
            assert list(caller.check(by, at=at).tiers) == ["compiled"]


def test_a_batch_is_not_computed_in_what_is_forgotten(caller: Caller) -> None:
    for _ in range(3):
        caller.check(1.0)
    old = caller.slot
    caller.driver.send(pb.ServerMessage(ping=pb.Ping(forget_slots=[old.number])))
    assert caller.driver.receive().WhichOneof("kind") == "pong"
    before = old.view(0, [1000]).copy()
    assert caller.driver.ask(caller.batch()).failures[0].reason == "internal"
    assert_array_equal(old.view(0, [1000]), before)

    caller.slot = Slot(old.number, 1 << 16)
    caller.driver.ask(caller.batch(attached=True), [caller.slot.descriptor])
    for by in (1.0, 2.0):
        caller.check(by)
    assert_array_equal(old.view(0, [1000]), before)


def test_a_plan_under_the_same_number_is_computed_anew(caller: Caller) -> None:
    for _ in range(3):
        caller.check(1.0)
    other = pb.Plan()
    other.CopyFrom(PLAN)
    other.expression = "t + k + 0*c"
    caller.driver.ask(caller.batch(plan=other))
    done = caller.driver.ask(caller.batch())
    assert list(done.tiers) == ["direct"]
    assert_array_equal(caller.slot.view(1024, [5, 3]), np.arange(1.0, 6.0)[:, None] + np.arange(1.0, 4.0))


MANY = 5
PACK = pb.PieceLayout(
    inputs=[
        pb.PieceInput(array=pb.SlotArray(offset=0, shape=[5], dtype="float64", stacked=True)),
        pb.PieceInput(array=pb.SlotArray(offset=256, shape=[3], dtype="float32")),
        pb.PieceInput(array=pb.SlotArray(offset=320, dtype="float32", stacked=True)),
    ],
    start=[0, 0],
    shape=[5, 3],
).SerializeToString()
APART = 384
"""Bytes from a result to the next: 45 numbers, and what is left to a multiple of 64."""


def packed(caller: Caller, *parts: tuple[int, int]) -> pb.Batch:
    """Requests of a pack, from which on and how many of them, each part as a piece of one batch."""
    batch = caller.batch()
    del batch.pieces[:]
    for first, count in parts:
        at = 4096 + APART * first
        piece = pb.Piece(layout=PACK, result_offset=at, inputs_slot=caller.slot.number, entries=count)
        piece.first_entry = first
        batch.pieces.append(piece)
    return batch


@pytest.mark.parametrize("parts", [[(0, MANY)], [(0, 3), (3, 2)], [(0, 4), (4, 1)], [(n, 1) for n in range(MANY)]])
def test_packs_come_again_with_other_numbers(caller: Caller, parts: list[tuple[int, int]]) -> None:
    """As a whole, in pieces of one batch, and in batches of their own."""
    random = np.random.default_rng(1)
    for turn in range(4):
        t, c = random.uniform(1, 2, (MANY, 5)), random.uniform(1, 2, MANY).astype(np.float32)
        k = random.uniform(1, 2, 3).astype(np.float32)
        caller.slot.view(0, [MANY, 5])[...] = t
        caller.slot.view(256, [3], "float32")[...] = k
        caller.slot.view(320, [MANY], "float32")[...] = c
        results = caller.slot.view(4096, [MANY, APART // 8])
        results[...] = np.nan
        batches = [parts] if turn % 2 else [[part] for part in parts]
        for each in batches:
            done = caller.driver.ask(packed(caller, *each))
            assert list(done.tiers) == ["compiled"] * sum(count for _, count in each)
            assert not done.failures
        column, c64, decay = t[:, :, None], c.astype(float)[:, None, None], np.exp(-t[:, :, None])
        want = np.stack([c64 * column * k + decay, c64 * k - decay, c64 * column + 0 * k], axis=1)
        np.testing.assert_allclose(results[:, :45].reshape(want.shape), want, rtol=1e-14)
        assert np.isnan(results[:, 45:]).all()
