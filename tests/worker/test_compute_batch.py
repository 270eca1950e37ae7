"""How a batch's failures are told apart and answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
import torch

from gridgrad_core.errors import GridgradError, InternalError, RequestError, TooLargeError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.compute_batch import compute
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.piece_messages import PieceReader
from gridgrad_worker.worker_program import WorkerProgram


class Engine:
    """Fails when one of the tiles has a value that it maps to an error."""

    tier = "direct"

    def __init__(self, errors: dict[float, Exception]) -> None:
        self.errors = errors
        self.sizes: list[int] = []

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        self.sizes.append(len(tiles))
        for tile, out in zip(tiles, outs, strict=True):
            value = tile.inputs[0].over(tile.subgrid).item()
            if value in self.errors:
                raise self.errors[value]
            out[...] = value


def failures(
    errors: dict[float, Exception], values: Sequence[float], registered: str | None = None, *, cautious: bool = False
) -> tuple[list[GridgradError | None], Engine, list[Array]]:
    engine = Engine(errors)
    message = pb.Plan(dtype="float64", registered=registered)
    program = WorkerProgram(message, cast(Any, engine), PieceReader(((),), 0, 1, "float64"))
    tiles = [Tile((ArrayValues(np.array(value), [], 0),), Subgrid((), ())) for value in values]
    outs: list[Array] = [np.zeros((1, 1)) for _ in values]
    found = compute(program, tiles, outs, [""] * len(tiles), one_by_one=cautious)
    return [None if each == "direct" else cast(GridgradError, each) for each in found], engine, outs


def test_a_good_batch_is_computed_at_once() -> None:
    found, engine, _ = failures({}, [1, 2, 3])
    assert found == [None] * 3
    assert engine.sizes == [3]


def test_when_it_fails_the_culprit_is_found_and_the_others_computed() -> None:
    found, engine, outs = failures({2: ValueError("two")}, [1, 2, 3])
    assert [type(each) for each in found] == [type(None), InternalError, type(None)]
    assert engine.sizes == [3, 1, 1, 1]
    assert [out.item() for out in outs] == [1, 0, 3]


def test_a_cautious_batch_is_computed_piece_by_piece() -> None:
    assert failures({}, [1, 2], cautious=True)[1].sizes == [1, 1]


@pytest.mark.parametrize("registered", [None, "theirs"])
@pytest.mark.parametrize(
    "error",
    [MemoryError("no more"), RuntimeError("DefaultCPUAllocator: can't allocate memory"), TooLargeError("a", "b", "c")],
)
def test_want_of_memory_is_too_large(error: Exception, registered: str | None) -> None:
    (found,), _, _ = failures({1: error}, [1], registered)
    assert isinstance(found, TooLargeError)
    assert found.remedy


def test_a_lost_device_ends_the_worker() -> None:
    with pytest.raises(torch.AcceleratorError):
        failures({1: torch.AcceleratorError("CUDA error: an illegal memory access was encountered")}, [1, 2])
    (found,), _, _ = failures({1: torch.AcceleratorError("CUDA error: out of memory")}, [1])
    assert isinstance(found, TooLargeError)


def test_whose_fault_an_exception_is() -> None:
    (found,), _, _ = failures({1: ValueError("bad")}, [1], "theirs")
    assert type(found) is RequestError
    assert (found.field, found.found) == ("function.registered", "'theirs' raised ValueError: bad")
    (found,), _, _ = failures({1: ValueError("bad")}, [1])
    assert type(found) is InternalError
    own = RequestError("inputs", "x", "y")
    assert failures({1: own}, [1], "theirs")[0] == [own]
