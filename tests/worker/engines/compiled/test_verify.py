"""What is compared with the direct tier before it is trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.verify import VerificationError, verify
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Tile


class Changed:
    """Computes what the direct tier computes, and then changes it."""

    def __init__(self, direct: StructuredEngine, change: Callable[[Array], None]) -> None:
        self.direct, self.change = direct, change
        self.shapes: list[tuple[int, ...]] = []

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        self.shapes += [tile.subgrid.shape for tile in tiles]
        self.direct.compute(tiles, outs)
        for out in outs:
            self.change(out)


def nothing(_: Array) -> None: ...


def test_what_computes_the_same_passes_on_several_shapes(job: CompileJob, direct: StructuredEngine) -> None:
    same = Changed(direct, nothing)
    verify(job, direct, same)
    assert len(set(same.shapes)) >= 3


def by_rounding(out: Array) -> None:
    out *= 1 + 4 * np.finfo(out.dtype).eps


def test_rounding_is_allowed(job: CompileJob, direct: StructuredEngine) -> None:
    verify(job, direct, Changed(direct, by_rounding))


def one_wrong(out: Array) -> None:
    out[1, -1] += 1e-6 * np.abs(out[1]).max()


def one_nan(out: Array) -> None:
    out[2, 0] = np.nan


def one_infinite(out: Array) -> None:
    out[0, 0] = np.inf


def never_written(out: Array) -> None:
    out[...] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (one_wrong, "plane 1 differs by"),
        (one_nan, "plane 2 is nan elsewhere"),
        (one_infinite, "plane 0 differs by inf"),
        (never_written, "plane 0 is nan elsewhere"),
    ],
)
def test_one_wrong_number_is_enough(
    job: CompileJob, direct: StructuredEngine, change: Callable[[Array], None], message: str
) -> None:
    with pytest.raises(VerificationError, match=message):
        verify(job, direct, Changed(direct, change))
