"""Batches, driven through a worker process over a real socket pair with real memfd slots."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridgrad_core.worker_v1 import worker_pb2 as pb
from tests.worker.driving import ANSWER_TIMEOUT_S, Driver, Slot, start

MODULE = """
import torch
from gridgrad_worker import function

@function(check=False)
def fails(x):
    raise ValueError("on purpose")

@function(check=False)
def three(x):
    return x * torch.ones(3, dtype=x.dtype)

@function(check=False)
def single(x):
    return x.to(torch.float32)

@function(outputs=("u", "v"), units={"x": "m"})
def pair(x, y=2.0):
    '''Two.'''
    return x * y, x + y
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """A worker that is ready; tests leave it so."""
    folder = tmp_path_factory.mktemp("functions")
    (folder / "served.py").write_text(MODULE)
    with start("--functions", "served", "--threads", "1", cwd=folder) as worker:
        message = worker.receive()
        assert message.WhichOneof("kind") == "ready", message.fatal
        worker.ready = message.ready  # type: ignore[attr-defined] # for the test of it
        worker.connection.settimeout(ANSWER_TIMEOUT_S)
        yield worker


numbers = iter(range(1, 10_000))

T, K = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])
BILINEAR = pb.Plan(
    expression="t*k + 2*t*k**2",
    dtype="float64",
    inputs=[pb.PlanInput(name="t", dims=["t"]), pb.PlanInput(name="k", dims=["k"])],
    derivatives=[pb.PlanDerivative(), pb.PlanDerivative(wrt=[0]), pb.PlanDerivative(wrt=[1])],
)
WANT = np.stack([T[:, None] * K + 2 * T[:, None] * K**2, K + 2 * K**2 + 0 * T[:, None], T[:, None] * (1 + 4 * K)])
AT = 1024  # where results go
BOTH_AXES = [
    pb.PieceInput(array=pb.SlotArray(offset=0, shape=[3], dtype="float64")),
    pb.PieceInput(array=pb.SlotArray(offset=64, shape=[2], dtype="float64")),
]


def bilinear_piece(slot: Slot, result_offset: int = AT) -> pb.Piece:
    slot.view(0, [3])[...] = T
    slot.view(64, [2])[...] = K
    return piece_of(BOTH_AXES, [0, 0], [3, 2], result_offset, inputs_slot=slot.number)


def piece_of(
    inputs: Sequence[pb.PieceInput], start: Sequence[int], shape: Sequence[int], result_offset: int, **fields: Any
) -> pb.Piece:
    layout = pb.PieceLayout(inputs=inputs, start=start, shape=shape).SerializeToString()
    return pb.Piece(layout=layout, result_offset=result_offset, **fields)


def batch_of(
    slot: Slot, *pieces: pb.Piece, plan: pb.Plan | None = None, plan_id: int = 0, **fields: object
) -> pb.Batch:
    identity = plan_id or next(numbers)
    slots = [slot.message(attached=True)]
    return pb.Batch(id=next(numbers), plan_id=identity, plan=plan, slots=slots, pieces=pieces, **fields)  # type: ignore[arg-type] # fields of the message


def parameter_plan(registered: str) -> pb.Plan:
    return pb.Plan(
        registered=registered,
        dtype="float64",
        inputs=[pb.PlanInput(name="x")],
        derivatives=[pb.PlanDerivative(), pb.PlanDerivative(wrt=[0])],
    )


def parameter_piece(slot: Slot, value: float, offset: int, result_offset: int) -> pb.Piece:
    slot.view(offset, [])[...] = value
    given = pb.PieceInput(array=pb.SlotArray(shape=[], dtype="float64"))
    return piece_of([given], [], [], result_offset, inputs_slot=slot.number, inputs_offset=offset)


def new_slot(size: int = 8192) -> Slot:
    return Slot(next(numbers), size)


def test_it_says_what_it_serves_when_it_is_ready(driver: Driver) -> None:
    ready: pb.Ready = driver.ready  # type: ignore[attr-defined] # set by the fixture
    assert ready.device == "cpu"
    assert [each.name for each in ready.functions] == ["fails", "pair", "single", "three"]
    fails, pair, *_ = ready.functions
    assert (pair.doc, list(pair.components), pair.tuple_valued, pair.mode, pair.checked) == (
        "Two.",
        ["u", "v"],
        True,
        "forward",
        True,
    )
    assert [(i.name, i.HasField("default"), i.default, i.unit) for i in pair.inputs] == [
        ("x", False, 0, "m"),
        ("y", True, 2, ""),
    ]
    assert (list(fails.components), fails.tuple_valued, fails.checked) == (["f"], False, False)


def test_a_ping_is_answered(driver: Driver) -> None:
    driver.send(pb.ServerMessage(ping=pb.Ping()))
    assert driver.receive().WhichOneof("kind") == "pong"


def test_a_result_goes_to_a_slot_of_its_own_with_room_between_its_planes(driver: Driver) -> None:
    slot, own = new_slot(), new_slot()
    piece = bilinear_piece(slot)
    piece.result_slot, piece.result_offset, piece.result_stride = own.number, 512, 1024
    batch = batch_of(slot, piece, plan=BILINEAR)
    batch.slots.append(own.message(attached=True))
    done = driver.ask(batch, [slot.descriptor, own.descriptor])
    assert list(done.failures) == []
    for plane in range(3):
        assert np.array_equal(own.view(512 + 1024 * plane, [3, 2]), WANT[plane])
    assert not own.view(512 + 48, [(1024 - 48) // 8]).any()
    assert not slot.view(AT, [18]).any()


def test_planes_beyond_the_slot_are_refused(driver: Driver) -> None:
    slot = new_slot()
    piece = bilinear_piece(slot)
    piece.result_stride = 1 << 40
    done = driver.ask(batch_of(slot, piece, plan=BILINEAR), [slot.descriptor])
    assert [failure.field for failure in done.failures] == ["batch.slots"]


def test_a_ping_says_what_to_forget(driver: Driver) -> None:
    slot = new_slot()
    driver.ask(batch_of(slot, bilinear_piece(slot), plan=BILINEAR, plan_id=77_001), [slot.descriptor])
    driver.send(pb.ServerMessage(ping=pb.Ping(forget_slots=[slot.number])))
    assert driver.receive().WhichOneof("kind") == "pong"
    batch = batch_of(slot, bilinear_piece(slot), plan_id=77_001)
    batch.slots[0].descriptor_attached = False
    done = driver.ask(batch)
    assert "forgotten" in done.failures[0].found


def test_a_batch_is_computed_into_its_slot(driver: Driver) -> None:
    slot = new_slot()
    done = driver.ask(batch_of(slot, bilinear_piece(slot), plan=BILINEAR), [slot.descriptor])
    assert (done.engine, list(done.tiers), list(done.failures)) == ("structured", ["direct"], [])
    assert 0 < done.compute_s < ANSWER_TIMEOUT_S
    assert np.array_equal(slot.view(AT, [3, 3, 2]), WANT)


def test_plans_and_slots_are_sent_once_and_used_again(driver: Driver) -> None:
    slot = new_slot()
    first = batch_of(slot, bilinear_piece(slot), plan=BILINEAR)
    driver.ask(first, [slot.descriptor])
    slot.view(AT, [18])[...] = np.nan
    again = pb.Batch(
        id=next(numbers), plan_id=first.plan_id, slots=[slot.message(attached=False)], pieces=[bilinear_piece(slot)]
    )
    assert not driver.ask(again).failures
    assert np.array_equal(slot.view(AT, [3, 3, 2]), WANT)


def test_two_batches_under_way_are_answered_in_order(driver: Driver) -> None:
    slots = [new_slot(), new_slot()]
    batches = [batch_of(slot, bilinear_piece(slot), plan=BILINEAR) for slot in slots]
    for slot, batch in zip(slots, batches, strict=True):
        driver.send(pb.ServerMessage(batch=batch), [slot.descriptor])
    assert [driver.receive().done.id for _ in batches] == [batch.id for batch in batches]
    for slot in slots:
        assert np.array_equal(slot.view(AT, [3, 3, 2]), WANT)


def test_inputs_may_lie_in_a_slot_of_their_own_and_subgrids_be_cut_from_them(driver: Driver) -> None:
    results, inputs = new_slot(), new_slot()
    bilinear_piece(inputs)
    subgrids = [piece_of(BOTH_AXES, [row, 0], [1, 2], AT + 256 * row, inputs_slot=inputs.number) for row in range(3)]
    batch = batch_of(results, *subgrids, plan=BILINEAR)
    batch.slots.append(inputs.message(attached=True))
    assert not driver.ask(batch, [results.descriptor, inputs.descriptor]).failures
    for row in range(3):
        assert np.array_equal(results.view(AT + 256 * row, [3, 2]), WANT[:, row])


def test_linspace_is_expanded_as_far_as_the_subgrid_needs(driver: Driver) -> None:
    slot = new_slot()
    spaced = pb.PieceInput(linspace=pb.Linspace(start=0, stop=0.7, num=10**12))
    plan = pb.Plan(
        expression="x",
        dtype="float64",
        inputs=[pb.PlanInput(name="x", dims=["x"])],
        derivatives=[pb.PlanDerivative()],
    )
    piece = piece_of([spaced], [10**12 - 3], [3], AT)
    assert not driver.ask(batch_of(slot, piece, plan=plan), [slot.descriptor]).failures
    step = 0.7 / (10**12 - 1)
    assert slot.view(AT, [3]).tolist() == [(10**12 - 3) * step, (10**12 - 2) * step, 0.7]


def test_float32_is_computed_and_stored_as_such(driver: Driver) -> None:
    slot = new_slot()
    plan = pb.Plan()
    plan.CopyFrom(BILINEAR)
    plan.dtype = "float32"
    driver.ask(batch_of(slot, bilinear_piece(slot), plan=plan), [slot.descriptor])
    assert np.array_equal(slot.view(AT, [3, 3, 2], "float32"), WANT)


def test_defaults_fill_in_and_components_lie_side_by_side(driver: Driver) -> None:
    slot = new_slot()
    piece = parameter_piece(slot, 5.0, 0, AT)
    assert not driver.ask(batch_of(slot, piece, plan=parameter_plan("pair")), [slot.descriptor]).failures
    assert slot.view(AT, [2, 2]).tolist() == [[10, 7], [2, 1]]


# Failures


@pytest.mark.parametrize(
    ("plan", "reason", "field", "found"),
    [
        (pb.Plan(expression="t ^ k", dtype="float64"), "expression", "function.expression", "'^'"),
        (pb.Plan(registered="nobody", dtype="float64"), "request", "function.registered", "'nobody'"),
        (pb.Plan(expression="1.5", dtype="float16"), "internal", "batch.plan.dtype", "'float16'"),
        (pb.Plan(registered="pair", dtype="float64"), "request", "inputs", "'pair' without its input 'x'"),
        (None, "internal", "plan_id", "never sent"),
    ],
)
def test_a_plan_that_cannot_be_computed_fails_all_its_pieces(
    driver: Driver, plan: pb.Plan | None, reason: str, field: str, found: str
) -> None:
    slot = new_slot()
    pieces = [pb.Piece(result_offset=AT), pb.Piece(result_offset=AT + 64)]
    batch = batch_of(slot, *pieces, plan=plan)
    done = driver.ask(batch, [slot.descriptor])
    assert [(each.reason, each.field) for each in done.failures] == [(reason, field)] * 2
    assert found in done.failures[0].found
    assert done.failures[0].remedy
    batch.id, batch.slots[0].descriptor_attached = next(numbers), False
    batch.ClearField("plan")  # and it says the same when it is asked again
    assert [each.field for each in driver.ask(batch).failures] == [field] * 2


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("three", "a tensor of shape (3,)"),
        ("single", "torch.float32"),
        ("fails", "'fails' raised ValueError: on purpose"),
    ],
)
def test_a_registered_function_that_fails(driver: Driver, name: str, found: str) -> None:
    slot = new_slot()
    done = driver.ask(batch_of(slot, parameter_piece(slot, 1.0, 0, AT), plan=parameter_plan(name)), [slot.descriptor])
    (failure,) = done.failures
    assert (failure.reason, failure.field) == ("request", "function.registered")
    assert found in failure.found
    assert failure.remedy


@pytest.mark.parametrize("cautious", [False, True])
def test_a_piece_that_fails_fails_alone(driver: Driver, cautious: bool) -> None:
    slot = new_slot()
    good = [bilinear_piece(slot, AT), bilinear_piece(slot, AT + 2048)]
    short = pb.PieceInput(array=pb.SlotArray(offset=0, shape=[2], dtype="float64"))  # by one, for the subgrid
    bad = piece_of([short, BOTH_AXES[1]], [0, 0], [3, 2], AT, inputs_slot=slot.number)
    done = driver.ask(batch_of(slot, good[0], bad, good[1], plan=BILINEAR, cautious=cautious), [slot.descriptor])
    assert [bool(failure.reason) for failure in done.failures] == [False, True, False]
    assert done.failures[1].reason == "internal"
    for piece in good:
        assert np.array_equal(slot.view(piece.result_offset, [3, 3, 2]), WANT)


def test_forgotten_plans_and_slots_are_gone(driver: Driver) -> None:
    slot, other = new_slot(), new_slot()
    first = batch_of(slot, bilinear_piece(slot), plan=BILINEAR)
    driver.ask(first, [slot.descriptor])
    mapped = Path(f"/proc/{driver.process.pid}/maps")
    inode = str(os.fstat(slot.descriptor).st_ino)
    assert inode in mapped.read_text().split()
    second = batch_of(other, bilinear_piece(other), plan=BILINEAR, forget_plans=[first.plan_id])
    second.slots[0].forget.append(slot.number)
    assert not driver.ask(second, [other.descriptor]).failures
    assert inode not in mapped.read_text().split()
    stale = pb.Batch(
        id=next(numbers), plan_id=first.plan_id, slots=[other.message(attached=False)], pieces=[bilinear_piece(other)]
    )
    assert driver.ask(stale).failures[0].field == "plan_id"
    stale.id, stale.plan_id = next(numbers), second.plan_id
    stale.pieces[0].CopyFrom(bilinear_piece(slot))
    stale.slots[0].id = slot.number
    assert driver.ask(stale).failures[0].field == "batch.slots"


def test_forgotten_slots_leave_no_descriptor(driver: Driver) -> None:
    slot = new_slot()
    folder = Path(f"/proc/{driver.process.pid}/fd")
    driver.ask(batch_of(slot, bilinear_piece(slot), plan=BILINEAR), [slot.descriptor])
    before = len(list(folder.iterdir()))
    for _ in range(5):
        extra = new_slot()
        batch = batch_of(extra, bilinear_piece(extra), plan=BILINEAR)
        batch.slots[0].forget.append(slot.number)
        driver.ask(batch, [extra.descriptor])
        slot = extra
    assert len(list(folder.iterdir())) == before


# What is asked beside the batches


def test_a_worker_that_compiles_nothing_says_so_when_it_meets_a_plan_and_not_again(driver: Driver) -> None:
    slot = new_slot()
    driver.ask(batch_of(slot, bilinear_piece(slot), plan=BILINEAR, plan_id=71), [slot.descriptor])
    said = driver.states.pop(71)
    assert (said.compiled, said.engine) == ("never", "structured")
    assert "--no-compile" in said.why
    driver.ask(batch_of(slot, bilinear_piece(slot), plan_id=71))
    assert 71 not in driver.states


def test_a_piece_that_must_be_compiled_fails_alone(driver: Driver) -> None:
    slot = new_slot()
    pieces = [bilinear_piece(slot), bilinear_piece(slot, AT + 512)]
    pieces[1].tier = "compiled"
    done = driver.ask(batch_of(slot, *pieces, plan=BILINEAR, plan_id=72), [slot.descriptor])
    assert [each.reason for each in done.failures] == ["", "not_prepared"]
    assert list(done.tiers) == ["direct", ""]
    assert np.array_equal(slot.view(AT, [3, 3, 2]), WANT)


def test_a_plan_is_explained(driver: Driver) -> None:
    driver.send(pb.ServerMessage(explain=pb.PlanRequest(plan_id=73, plan=BILINEAR)))
    explained = driver.receive().explanation
    assert (explained.plan_id, explained.failure.reason) == (73, "")
    assert "f_t" in explained.derived
    assert driver.states[73].compiled == "never"
    driver.send(pb.ServerMessage(explain=pb.PlanRequest(plan_id=74, plan=pb.Plan(registered="fails", dtype="float64"))))
    assert driver.receive().explanation.failure.reason == "request"
