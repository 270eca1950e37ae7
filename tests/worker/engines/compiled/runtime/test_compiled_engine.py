"""A real package, compiled once: any shape, alone or in company, whole or in pieces, equal to the direct tier."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_worker.engines.compiled.codegen.job import Order
from gridgrad_worker.engines.compiled.codegen.toolchain import compiler_version
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.compiled.tier import CompiledTier, Settings
from gridgrad_worker.engines.compiled.verify import VerificationError, verify
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import Box, Piece, boxes

Array = NDArray[np.float64]
Pieces = Callable[..., Piece]
Built = tuple[CompiledEngine, StructuredEngine]

pytestmark = [
    pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler"),
    pytest.mark.timeout(600),  # the one compile, on a busy machine
]


@pytest.fixture(scope="module")
def tier(
    tmp_path_factory: pytest.TempPathFactory, order: Order, direct: StructuredEngine
) -> Iterator[tuple[CompiledTier, Settings]]:
    settings = Settings(root=tmp_path_factory.mktemp("cache") / "compiled")
    made = CompiledTier(settings)
    key = made.add(order, direct)
    made.prepare(key)
    while made.lookup(key) is None and made.is_waiting:
        time.sleep(0.05)
    yield made, settings
    made.close()


@pytest.fixture(scope="module")
def engine(tier: tuple[CompiledTier, Settings], order: Order) -> CompiledEngine:
    found = tier[0].lookup(order.key())
    assert found is not None
    return found


def computed(engine: CompiledEngine | StructuredEngine, *pieces: Piece) -> list[Array]:
    outs = [np.full((3, piece.box.points), 12345.0) for piece in pieces]
    engine.compute(pieces, outs)
    return outs


@pytest.mark.parametrize(
    "shape", [(1, 1), (8, 8), (1, 33), (17, 16), (3, 129), (50, 3), (2, 5000), (700, 900), (0, 9), (9, 0), (0, 0)]
)
def test_any_shape_is_as_in_the_direct_tier(
    engine: CompiledEngine, direct: StructuredEngine, piece: Pieces, shape: tuple[int, int]
) -> None:
    (got,), (expected,) = computed(engine, piece(*shape)), computed(direct, piece(*shape))
    scale = np.abs(expected).max(axis=1, initial=0.0)[:, None]
    np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=64 * np.finfo(float).eps)


def test_partials_are_those_of_closed_forms(engine: CompiledEngine, piece: Pieces) -> None:
    a, x, y = 1.5, np.linspace(0.5, 3, 40)[:, None], np.linspace(-1, 2, 30)[None]
    (got,) = computed(engine, piece(40, 30))
    r, e = np.hypot(x, y), np.exp(-y)
    gamma = torch.from_numpy(x + y**2)
    one, by_one = torch.lgamma(torch.from_numpy(x)).numpy(), torch.digamma(torch.from_numpy(x)).numpy()
    both, by_both = torch.lgamma(gamma).numpy(), torch.digamma(gamma).numpy()
    value = a * x * e + a**2 * np.sin(x) * np.cos(y) + r + np.where(x > y, x - y, 0) + one + both
    by_x = a * e + a**2 * np.cos(x) * np.cos(y) + x / r + np.where(x > y, 1, 0) + by_one + by_both
    by_y = -a * x * e - a**2 * np.sin(x) * np.sin(y) + y / r - np.where(x > y, 1, 0) + 2 * y * by_both
    np.testing.assert_allclose(got.reshape(3, 40, 30), [value, by_x, by_y], rtol=0, atol=1e-13 * np.abs(value).max())


def test_a_grid_is_the_same_in_company(engine: CompiledEngine, piece: Pieces) -> None:
    shapes = [(20 + n % 7, 20 + n % 25) for n in range(40)]
    pieces = [piece(*shape, a=1 + 0.1 * n) for n, shape in enumerate(shapes)]
    for alone, together in zip(pieces, computed(engine, *pieces), strict=True):
        assert np.array_equal(computed(engine, alone)[0], together)


@pytest.mark.parametrize("points", [1, 300, 5_000, 100_000])
def test_a_grid_is_the_same_in_pieces(engine: CompiledEngine, piece: Pieces, points: int) -> None:
    whole = piece(130, 300) if points > 1 else piece(9, 11)
    (expected,) = computed(engine, whole)
    parts = [computed(engine, Piece(whole.inputs, box))[0] for box in boxes(whole.box, points)]
    assert np.array_equal(np.concatenate(parts, axis=1), expected)


def test_what_the_guard_stops_is_computed_in_the_order_it_was_written(
    engine: CompiledEngine, direct: StructuredEngine, piece: Pieces
) -> None:
    fine, bad = piece(10, 12), piece(10, 12, a=1e200)
    together = computed(engine, fine, bad)
    assert np.array_equal(together[0], computed(engine, fine)[0])
    (expected,) = computed(direct, bad)
    np.testing.assert_allclose(together[1], expected, rtol=1e-14)
    halves = [Box((0, 0), (5, 12)), Box((5, 0), (5, 12))]
    parts = computed(engine, *(Piece(bad.inputs, box) for box in halves))
    assert np.array_equal(np.concatenate(parts, axis=1), together[1])


def test_the_next_worker_finds_it_compiled(
    tier: tuple[CompiledTier, Settings], order: Order, direct: StructuredEngine
) -> None:
    following = CompiledTier(tier[1])
    assert following.lookup(following.add(order, direct)) is not None
    following.close()


def test_what_computes_something_else_is_not_trusted(build_engine: Callable[[Order], Built], order: Order) -> None:
    near = order._replace(text="a*x*y + sin(x)")
    other = order._replace(text="a*x*y + sin(x)*1.0000001")
    (compiled, direct), another = build_engine(near), build_engine(other)[1]
    verify(near, direct, compiled)
    with pytest.raises(VerificationError, match="plane 0 differs"):
        verify(other, another, compiled)
