"""Request templates: what differs from what came before in its numbers alone, to the bit as by the engine."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.runtime.request_template import (
    BatchTemplates,
    TileCall,
    TileTemplate,
    keeps_templates,
)
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, LinspaceValues, Subgrid, Tile
from tests.worker.driving import serialized

Build = Callable[[CompileJob], tuple[CompiledEngine, StructuredEngine]]
Array = NDArray[np.float64]
DIMS = ((), (0,), (1,))
DONE = pb.BatchDone(engine="structured", tiers=["compiled"])


class Loop:
    """What is known, between the ends of a socket; and the numbers that a known batch is computed from and into."""

    def __init__(self, engine: CompiledEngine, tile: Tile) -> None:
        self.server, self.worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.templates = BatchTemplates()
        self.engine, self.tile = engine, tile
        self.out = np.full((3, tile.subgrid.points), np.nan)

    def remember(self, *messages: bytes) -> None:
        template = self.engine.template(self.tile, self.out)
        assert template is not None
        places = [values.array.ctypes.data for values in self.tile.inputs if isinstance(values, ArrayValues)]
        for message in messages:
            number = pb.ServerMessage.FromString(message).batch.id
            self.templates.remember(
                message, number, template.call(places, self.out.ctypes.data, self.out.strides[0]), DONE
            )

    def answer(self, *sent: bytes) -> tuple[list[pb.BatchDone], bytes]:
        """The answers to what is sent, and what of it is left in the socket."""
        self.server.sendall(b"".join(sent))
        self.server.shutdown(socket.SHUT_WR)
        self.templates.answer_known(self.worker.fileno())
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
        self.templates.forget()
        self.server.close()
        self.worker.close()


@pytest.fixture
def loop(job: CompileJob, build_engine: Build, tile: Callable[..., Tile]) -> Iterator[Loop]:
    made = Loop(build_engine(job)[0], tile(9, 20))
    yield made
    made.close()


def message_of(number: int, layout: bytes = bytes(30), **fields: Any) -> bytes:
    tile = pb.Piece(layout=layout, inputs_slot=1, inputs_offset=64)
    batch = pb.Batch(id=number, plan_id=3, slots=[pb.Slot(id=1, size=4096)], pieces=[tile], **fields)
    return serialized(batch)


def frame(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


@pytest.mark.parametrize("bytes_of_layout", [0, 30, 150, 2000])
def test_a_batch_is_known_whatever_its_number(loop: Loop, bytes_of_layout: int) -> None:
    layout = bytes(bytes_of_layout)
    loop.remember(message_of(7, layout))
    numbers = [1, 127, 128, 300, 1 << 20, (1 << 64) - 1]
    answers, left = loop.answer(*[frame(message_of(number, layout)) for number in numbers])
    assert not left
    assert [done.id for done in answers] == numbers
    for done in answers:
        assert (done.engine, list(done.tiers), list(done.failures)) == ("structured", ["compiled"], [])
        assert 0 <= done.compute_s < 60


@pytest.mark.processor
def test_it_is_computed_to_the_bit_as_by_the_engine_from_the_numbers_that_lie_there_then(loop: Loop) -> None:
    want = np.empty_like(loop.out)
    loop.remember(message_of(7))
    for values in loop.tile.inputs:
        assert isinstance(values, ArrayValues)
        values.array[...] *= 0.75
    loop.engine.compute([loop.tile], [want])
    loop.answer(frame(message_of(8)))
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
    loop.remember(message_of(7))
    after = frame(other) + frame(message_of(9))
    answers, left = loop.answer(frame(message_of(8)), after)
    assert [done.id for done in answers] == [8]
    assert left == after


@pytest.mark.parametrize("size", [3, 4, 20])
def test_a_frame_that_is_not_whole_is_left(loop: Loop, size: int) -> None:
    loop.remember(message_of(7))
    assert loop.answer(frame(message_of(8))[:size]) == ([], frame(message_of(8))[:size])


NUMBER_FIRST = pb.ServerMessage(batch=pb.Batch(id=7, plan_id=3)).SerializeToString()


@pytest.mark.parametrize("message", [b"", NUMBER_FIRST, message_of(7, bytes(1 << 12)), OTHERS[3]])
def test_what_can_not_be_told_apart_is_not_remembered(loop: Loop, message: bytes) -> None:
    loop.remember(message)
    loop.remember(message_of(7))
    assert loop.answer(frame(message)) == ([], frame(message))


@pytest.mark.processor
def test_a_batch_that_the_guard_stops_is_answered_too(build_engine: Build) -> None:
    job = CompileJob("x*exp(-y) + x**3*y", ("x", "y"), ((0,), (1,)), 2, ((), (0,), (1,)), "float64", "cpu")
    axes = np.linspace(1, 2, 9), np.linspace(1, 2, 20)
    inputs = [ArrayValues(axis, (dim,), 2) for dim, axis in enumerate(axes)]
    engine, direct = build_engine(job)
    assert direct.guard is not None
    loop = Loop(engine, Tile(tuple(inputs), Subgrid((0, 0), (9, 20))))
    loop.remember(message_of(7))
    axes[0][...] *= 1e150
    answers, left = loop.answer(frame(message_of(8)))
    assert ([done.id for done in answers], left) == ([8], b"")
    assert_array_equal(loop.out, by_engine(engine, loop.tile), strict=True)
    loop.close()


def test_all_is_forgotten_when_told_so(loop: Loop) -> None:
    loop.remember(message_of(7))
    loop.templates.forget()
    loop.remember(message_of(7, bytes(9)))
    assert loop.answer(frame(message_of(8))) == ([], frame(message_of(8)))


def test_it_returns_at_once_when_nothing_is_known(loop: Loop) -> None:
    loop.templates.answer_known(loop.worker.fileno())
    loop.remember(message_of(7))
    loop.templates.forget()
    loop.templates.answer_known(loop.worker.fileno())


def test_it_returns_when_the_other_end_is_gone(loop: Loop) -> None:
    loop.remember(message_of(7))
    loop.server.sendall(frame(message_of(8)))
    loop.server.close()
    loop.templates.answer_known(loop.worker.fileno())
    assert np.isfinite(loop.out).all()


def test_who_is_remembered_last_is_known(loop: Loop) -> None:
    messages = [message_of(1, n.to_bytes(4, "little")) for n in range(1500)]
    loop.remember(*messages)
    assert [done.id for done in loop.answer(frame(messages[-1]))[0]] == [1]


def test_which_messages_leave_what_is_known_as_it_is() -> None:
    slot = pb.Slot(id=1, size=4096)
    keeping = [pb.ServerMessage(batch=pb.Batch(id=1, plan_id=3, slots=[slot, slot])), pb.ServerMessage(ping=pb.Ping())]
    assert all(map(keeps_templates, keeping))
    for batch in (
        pb.Batch(slots=[slot, pb.Slot(id=1, size=4096, descriptor_attached=True)]),
        pb.Batch(slots=[slot, pb.Slot(id=1, size=4096, forget=[2])]),
        pb.Batch(slots=[slot], plan=pb.Plan()),
        pb.Batch(slots=[slot], forget_plans=[2]),
    ):
        assert not keeps_templates(pb.ServerMessage(batch=batch))
    assert not keeps_templates(pb.ServerMessage(ping=pb.Ping(forget_slots=[1])))
    assert not keeps_templates(pb.ServerMessage(explain=pb.PlanRequest(plan_id=3)))


@pytest.fixture(scope="module")
def engine(job: CompileJob, build_engine: Build) -> CompiledEngine:
    return build_engine(job)[0]


def by_engine(engine: CompiledEngine, tile: Tile) -> Array:
    out = np.empty((3, tile.subgrid.points))
    engine.compute([tile], [out])
    return out


def by_template(template: TileTemplate, tile: Tile) -> Array | None:
    out = np.full((3, tile.subgrid.points + 5), np.nan)[:, : tile.subgrid.points]
    given = [values.array.ctypes.data if isinstance(values, ArrayValues) else 0 for values in tile.inputs]
    return out if template.call(given, out.ctypes.data, out.strides[0])() else None


@pytest.mark.processor
def test_numbers_places_and_pitch_are_those_of_each_tile(engine: CompiledEngine, tile: Callable[..., Tile]) -> None:
    first = tile(9, 20)
    template = engine.template(first, by_engine(engine, first))
    assert template is not None
    for a, low in ((1.5, 0.5), (-2.0, 0.25), (7.0, 1.0)):
        other = tile(9, 20, a, low)
        assert_array_equal(by_template(template, other), by_engine(engine, other), strict=True)


@pytest.mark.processor
def test_several_tiles_are_computed_in_one_call(engine: CompiledEngine, tile: Callable[..., Tile]) -> None:
    """Stacked parameters and axes, one axis for all, and tiles of another shape beside them."""
    a, x, y = np.linspace(1, 2, 7), np.linspace(0.5, 3, 7 * 9).reshape(7, 9), np.linspace(-1, 2, 20)
    tiles = [
        Tile(tuple(ArrayValues(v, dims, 2) for v, dims in zip(each, DIMS, strict=True)), Subgrid((0, 0), (9, 20)))
        for each in zip([np.array(each) for each in a], x, [y] * 7, strict=True)
    ]
    outs, pitch = np.full((7, 3 * 180 + 12), np.nan), 180 * 8
    template = engine.template(tiles[0], np.empty((3, 180)))
    other = tile(3, 5)
    other_template, other_out = engine.template(other, np.empty((3, 15))), np.full((3, 15), np.nan)
    assert template is not None
    assert other_template is not None
    stacked = [(a.ctypes.data, 8), (x.ctypes.data, 72), (y.ctypes.data, 0)]
    several = template.calls(stacked, (outs.ctypes.data, outs.strides[0]), pitch, 7)
    given = [values.array.ctypes.data for values in other.inputs if isinstance(values, ArrayValues)]
    call = TileCall.of([several, other_template.call(given, other_out.ctypes.data, other_out.strides[0])])
    assert call.tiles == 8
    assert call()
    for each, out in zip(tiles, outs, strict=True):
        assert_array_equal(out[:540].reshape(3, 180), by_engine(engine, each), strict=True)
    assert np.isnan(outs[:, 540:]).all()
    assert_array_equal(other_out, by_engine(engine, other), strict=True)


@pytest.mark.parametrize("count", [2, 400, 600])
def test_a_batch_of_several_requests_is_answered_too(loop: Loop, count: int) -> None:
    template = loop.engine.template(loop.tile, loop.out)
    assert template is not None
    outs = np.full((count, *loop.out.shape), np.nan)
    places = [(values.array.ctypes.data, 0) for values in loop.tile.inputs if isinstance(values, ArrayValues)]
    call = template.calls(places, (outs.ctypes.data, outs.strides[0]), outs.strides[1], count)
    done = pb.BatchDone(engine="structured", tiers=["compiled"] * count)
    loop.templates.remember(message_of(7), 7, call, done)
    answers, left = loop.answer(frame(message_of(8)))
    if count == 600:
        assert left == frame(message_of(8)), "its answer is longer than what is kept"
        return
    (answer,) = answers
    assert (answer.id, list(answer.tiers), answer.engine) == (8, ["compiled"] * count, "structured")
    want = by_engine(loop.engine, loop.tile)
    assert all(np.array_equal(out, want) for out in outs)


@pytest.mark.processor
def test_a_linspace_stays_as_it_is(engine: CompiledEngine, tile: Callable[..., Tile]) -> None:
    a, x, _ = tile(9, 20).inputs
    spaced = Tile((a, x, LinspaceValues(-1, 2, 20, 1, 2)), Subgrid((0, 0), (9, 20)))
    template = engine.template(spaced, by_engine(engine, spaced))
    assert template is not None
    assert_array_equal(by_template(template, spaced), by_engine(engine, spaced), strict=True)


@pytest.mark.processor
def test_numbers_that_the_guard_stops_are_computed_as_by_the_engine(build_engine: Build) -> None:
    job = CompileJob("a*x*exp(-y) + x**3*y", ("a", "x", "y"), ((), (0,), (1,)), 2, ((), (1,), (2,)), "float64", "cpu")
    guarded, direct = build_engine(job)
    assert direct.guard is not None

    def scaled(by: float) -> Tile:
        axes = [np.array(1.5), by * np.linspace(1, 2, 9), np.linspace(1, 2, 20)]
        inputs = [ArrayValues(axis, dims, 2) for axis, dims in zip(axes, ((), (0,), (1,)), strict=True)]
        return Tile(tuple(inputs), Subgrid((0, 0), (9, 20)))

    template = guarded.template(scaled(1), np.empty((3, 180)))
    assert template is not None
    assert_array_equal(by_template(template, scaled(2)), by_engine(guarded, scaled(2)), strict=True)
    assert_array_equal(by_template(template, scaled(1e150)), by_engine(guarded, scaled(1e150)), strict=True)
    assert_array_equal(by_template(template, scaled(3)), by_engine(guarded, scaled(3)), strict=True)
    part = Tile(scaled(1).inputs, Subgrid((2, 0), (4, 20)))
    assert guarded.template(part, np.empty((3, 80))) is None
