"""Batches that come again: known by their bytes, and computed as those that are read."""

from __future__ import annotations

import functools
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.runtime.repeated_batches import BatchTemplates, keeps_all
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from tests.worker.driving import ANSWER_TIMEOUT_S, Driver, Slot, serialized, start

DONE = pb.BatchDone(engine="structured", tiers=["compiled"])


class Loop:
    """What is known, between the ends of a socket; and the numbers that a known batch is computed from and into."""

    def __init__(self, engine: CompiledEngine, tile: Tile) -> None:
        self.server, self.worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.repeats = BatchTemplates()
        self.engine, self.tile = engine, tile
        self.out = np.full((3, tile.subgrid.points), np.nan)

    def learn(self, *messages: bytes) -> None:
        recipe = self.engine.recipe(self.tile, self.out)
        assert recipe is not None
        places = [values.array.ctypes.data for values in self.tile.inputs if isinstance(values, ArrayValues)]
        for message in messages:
            number = pb.ServerMessage.FromString(message).batch.id
            self.repeats.learn(message, number, recipe.call(places, self.out.ctypes.data, self.out.strides[0]), DONE)

    def serve(self, *sent: bytes) -> tuple[list[pb.BatchDone], bytes]:
        """The answers to what is sent, and what of it is left in the socket."""
        self.server.sendall(b"".join(sent))
        self.server.shutdown(socket.SHUT_WR)
        self.repeats.serve(self.worker.fileno())
        left, raw, answers = self.worker.recv(1 << 20), self._answered(), []
        while raw:
            (size,) = struct.unpack_from("<I", raw)
            answers.append(pb.WorkerMessage.FromString(raw[4 : 4 + size]).done)
            raw = raw[4 + size :]
        return answers, left

    def _answered(self) -> bytes:
        try:
            return self.server.recv(1 << 20, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        self.repeats.forget()
        self.server.close()
        self.worker.close()


@pytest.fixture
def loop(
    job: CompileJob, build_once: Callable[[CompileJob], CompiledEngine], tile: Callable[..., Tile]
) -> Iterator[Loop]:
    made = Loop(build_once(job), tile(9, 20))
    yield made
    made.close()


@pytest.fixture(scope="module")
def build_once(
    build_engine: Callable[[CompileJob], tuple[CompiledEngine, StructuredEngine]],
) -> Callable[[CompileJob], CompiledEngine]:
    return functools.cache(lambda job: build_engine(job)[0])


def message_of(number: int, layout: bytes = bytes(30), **fields: Any) -> bytes:
    tile = pb.Piece(layout=layout, inputs_slot=1, inputs_offset=64)
    batch = pb.Batch(id=number, plan_id=3, slots=[pb.Slot(id=1, size=4096)], pieces=[tile], **fields)
    return serialized(batch)


def frame(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


@pytest.mark.parametrize("bytes_of_layout", [0, 30, 150, 2000])
def test_a_batch_is_known_whatever_its_number(loop: Loop, bytes_of_layout: int) -> None:
    layout = bytes(bytes_of_layout)
    loop.learn(message_of(7, layout))
    numbers = [1, 127, 128, 300, 1 << 20, (1 << 64) - 1]
    answers, left = loop.serve(*[frame(message_of(number, layout)) for number in numbers])
    assert not left
    assert [done.id for done in answers] == numbers
    for done in answers:
        assert (done.engine, list(done.tiers), list(done.failures)) == ("structured", ["compiled"], [])
        assert 0 <= done.compute_s < 60


def test_it_is_computed_to_the_bit_as_by_the_engine_from_the_numbers_that_lie_there_then(loop: Loop) -> None:
    want = np.empty_like(loop.out)
    loop.learn(message_of(7))
    for values in loop.tile.inputs:
        assert isinstance(values, ArrayValues)
        values.array[...] *= 0.75
    loop.engine.compute([loop.tile], [want])
    loop.serve(frame(message_of(8)))
    assert_array_equal(loop.out, want)


OTHERS = [
    message_of(8, bytes(31)),
    message_of(8, cautious=True),
    message_of(0),
    pb.ServerMessage(ping=pb.Ping(question=7)).SerializeToString(),
    pb.ServerMessage(prepare=pb.PlanRequest(plan_id=3)).SerializeToString(),
    message_of(8) + message_of(9),
    b"",
]


@pytest.mark.parametrize("other", OTHERS)
def test_another_message_is_left_and_what_follows_it(loop: Loop, other: bytes) -> None:
    loop.learn(message_of(7))
    after = frame(other) + frame(message_of(9))
    answers, left = loop.serve(frame(message_of(8)), after)
    assert [done.id for done in answers] == [8]
    assert left == after


@pytest.mark.parametrize("size", [3, 4, 20])
def test_a_frame_that_is_not_whole_is_left(loop: Loop, size: int) -> None:
    loop.learn(message_of(7))
    assert loop.serve(frame(message_of(8))[:size]) == ([], frame(message_of(8))[:size])


NUMBER_FIRST = pb.ServerMessage(batch=pb.Batch(id=7, plan_id=3)).SerializeToString()


@pytest.mark.parametrize("message", [b"", NUMBER_FIRST, message_of(7, bytes(1 << 12)), OTHERS[3]])
def test_what_can_not_be_told_apart_is_not_learned(loop: Loop, message: bytes) -> None:
    loop.learn(message)
    loop.learn(message_of(7))
    assert loop.serve(frame(message)) == ([], frame(message))


def test_a_batch_that_wants_a_closer_look_is_left(build_once: Callable[[CompileJob], CompiledEngine]) -> None:
    job = CompileJob("x*exp(-y) + x**3*y", ("x", "y"), ((0,), (1,)), 2, ((), (0,), (1,)), "float64", "cpu")
    axes = np.linspace(1, 2, 9), np.linspace(1, 2, 20)
    inputs = [ArrayValues(axis, (dim,), 2) for dim, axis in enumerate(axes)]
    loop = Loop(build_once(job), Tile(tuple(inputs), Subgrid((0, 0), (9, 20))))
    loop.learn(message_of(7))
    axes[0][...] *= 1e150
    assert loop.serve(frame(message_of(8))) == ([], frame(message_of(8)))
    loop.close()


def test_all_is_forgotten_when_told_so(loop: Loop) -> None:
    loop.learn(message_of(7))
    loop.repeats.forget()
    loop.learn(message_of(7, bytes(9)))
    assert loop.serve(frame(message_of(8))) == ([], frame(message_of(8)))


def test_it_returns_at_once_when_nothing_is_known(loop: Loop) -> None:
    loop.repeats.serve(loop.worker.fileno())
    loop.learn(message_of(7))
    loop.repeats.forget()
    loop.repeats.serve(loop.worker.fileno())


def test_it_returns_when_the_other_end_is_gone(loop: Loop) -> None:
    loop.learn(message_of(7))
    loop.server.sendall(frame(message_of(8)))
    loop.server.close()
    loop.repeats.serve(loop.worker.fileno())
    assert np.isfinite(loop.out).all()


def test_who_is_learned_last_is_known(loop: Loop) -> None:
    messages = [message_of(1, n.to_bytes(4, "little")) for n in range(1500)]
    loop.learn(*messages)
    assert [done.id for done in loop.serve(frame(messages[-1]))[0]] == [1]


def test_which_messages_leave_what_is_known_as_it_is() -> None:
    slot = pb.Slot(id=1, size=4096)
    keeping = [pb.ServerMessage(batch=pb.Batch(id=1, plan_id=3, slots=[slot, slot])), pb.ServerMessage(ping=pb.Ping())]
    assert all(map(keeps_all, keeping))
    for batch in (
        pb.Batch(slots=[slot, pb.Slot(id=1, size=4096, descriptor_attached=True)]),
        pb.Batch(slots=[slot, pb.Slot(id=1, size=4096, forget=[2])]),
        pb.Batch(slots=[slot], plan=pb.Plan()),
        pb.Batch(slots=[slot], forget_plans=[2]),
    ):
        assert not keeps_all(pb.ServerMessage(batch=batch))
    assert not keeps_all(pb.ServerMessage(ping=pb.Ping(forget_slots=[1])))
    assert not keeps_all(pb.ServerMessage(explain=pb.PlanRequest(plan_id=3)))


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


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    """With a worker that has the plan compiled."""
    with start("--cache", str(tmp_path), compiling=True) as driver:
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
