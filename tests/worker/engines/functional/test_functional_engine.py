"""The functional engine on Python functions, against closed forms and mpmath."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gridgrad_core.errors import TooLargeError
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.tiles import Subgrid

pytestmark = pytest.mark.processor

Solver = Any  # the fixture of conftest.py

T, K = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])


def bilinear(t: Tensor, k: Tensor) -> Tensor:
    return t * k + 2 * t * k**2


def himmelblau(x: Tensor, y: Tensor) -> Tensor:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def test_the_first_example_is_exact(solve: Solver) -> None:
    got = solve(bilinear, {"t": T, "k": K}, [["t"], ["k"], ["t", "k"], ["k", "k"], ["t", "t"]])
    t, k = T[:, None], K[None]
    assert np.array_equal(got[()], t * k + 2 * t * k**2)
    assert np.array_equal(got["t",], k + 2 * k**2 + 0 * t)
    assert np.array_equal(got["k",], t + 4 * t * k)
    assert np.array_equal(got["t", "k"], 1 + 4 * k + 0 * t)
    assert np.array_equal(got["k", "k"], 4 * t + 0 * k)
    assert np.array_equal(got["t", "t"], np.zeros((3, 2)))


def test_zero_and_negative_partials_stay_in_place(solve: Solver) -> None:
    x, y = np.array([2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0])
    got = solve(himmelblau, {"x": x, "y": y}, [["x"], ["y"]])
    assert got["x",].tolist() == [[-56, -42, -24], [-18, 0, 22], [92, 114, 140]]
    assert got["y",][1, 1] == 0
    assert got["y",].shape == (3, 3)


def test_an_infinite_slope_does_not_spoil_the_other_partial(solve: Solver) -> None:
    got = solve(lambda t, k: torch.sqrt(t) + k**2, {"t": [0.0, 1.0], "k": [3.0]}, [["t"], ["k"], ["k", "k"]])
    assert got["t",].ravel().tolist() == [np.inf, 0.5]
    assert got["k",].ravel().tolist() == [6, 6]
    assert got["k", "k"].ravel().tolist() == [2, 2]


def test_a_guarded_singularity_has_finite_partials(solve: Solver) -> None:
    got = solve(lambda x: torch.where(x > 0, torch.log(x), 0 * x), {"x": [-1.0, 2.0]}, [["x"], ["x", "x"]])
    assert got["x",].tolist() == [0, 0.5]
    assert got["x", "x"].tolist() == [0, -0.25]


def test_partials_by_what_the_function_does_not_use_are_zero(solve: Solver) -> None:
    function = lambda t, k: torch.sin(t)  # noqa: ARG005, E731 - that k is unused is the point
    got = solve(function, {"t": T, "k": K}, [["k"], ["t", "k"], ["k", "k", "k"], ["t"]])
    for derivative in (("k",), ("t", "k"), ("k", "k", "k")):
        assert np.array_equal(got[derivative], np.zeros((3, 2)))
    assert np.allclose(got["t",], np.cos(T)[:, None] + 0 * K, rtol=1e-15)


def test_a_constant_component_has_zero_partials(solve: Solver) -> None:
    (got,) = solve.batch(lambda t, k: (torch.ones_like(t), t * k), [{"t": T, "k": K}], [["t"], ["k"]], components=2)
    assert np.array_equal(got[()][0], np.ones((3, 2)))
    assert np.array_equal(got["t",], [np.zeros((3, 2)), np.broadcast_to(K, (3, 2))])
    assert np.array_equal(got["k",], [np.zeros((3, 2)), np.broadcast_to(T[:, None], (3, 2))])


def wave(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return torch.exp(x * y) * torch.sin(z + x)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_all_partials_to_order_four_against_mpmath(solve: Solver, mode: str) -> None:
    names = "xyz"
    orders = [o for n in range(1, 5) for o in itertools.combinations_with_replacement(names, n)]
    if mode == "reverse":  # reverse over reverse four times over takes long
        orders = [o for o in orders if len(o) <= 2] + [("x", "x", "y"), ("x", "y", "z")]
    point = {"x": 0.7, "y": -1.3, "z": 2.1}
    got = solve(wave, {name: [value] for name, value in point.items()}, orders, mode=mode)
    with mpmath.workdps(40):
        for order in orders:
            counts = tuple(order.count(name) for name in names)
            want = mpmath.diff(lambda x, y, z: mpmath.exp(x * y) * mpmath.sin(z + x), tuple(point.values()), counts)
            assert got[order].item() == pytest.approx(float(want), rel=1e-13)


def test_derivatives_alone_come_without_those_on_the_way(solve: Solver) -> None:
    got = solve(wave, {"x": [0.3], "y": [0.2], "z": [0.1]}, [["x", "y", "z", "z"]])
    e, s, c = np.exp(0.06), np.sin(0.4), np.cos(0.4)
    # by y: x e s; by z twice: -x e s; by x: -(e s + x y e s + x e c)
    assert got["x", "y", "z", "z"].item() == pytest.approx(-e * (s + 0.06 * s + 0.3 * c), rel=1e-14)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("given", ["float64", "float32"])
def test_everything_is_computed_in_the_dtype_of_the_plan(solve: Solver, dtype: str, given: str) -> None:
    seen = set()

    def noted(t: Tensor, k: Tensor) -> Tensor:
        seen.add((t.dtype, k.dtype))
        return bilinear(t, k)

    got = solve(noted, {"t": (0.1 * T).astype(given), "k": np.array(3.0)}, [["t"], ["k"]], dtype=dtype)
    assert all(grid.dtype == dtype for grid in got.values())
    assert seen == {(getattr(torch, dtype),) * 2}
    assert np.allclose(got["t",], 21, rtol=1e-6)


# Shapes


def test_shared_dims_are_read_side_by_side(solve: Solver) -> None:
    x, y = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    got = solve(lambda x, y, s: x * y**2 * s, {"x": (["p"], x), "y": (["p"], y), "s": [1.0, 2.0]}, [["y"], ["s"]])
    assert np.array_equal(got[()], (x * y**2)[:, None] * [1, 2])
    assert np.array_equal(got["y",], (2 * x * y)[:, None] * [1, 2])
    assert np.array_equal(got["s",], np.stack([x * y**2] * 2, axis=1))


def test_curvilinear_coordinates(solve: Solver) -> None:
    r, a = np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2])
    x, y = r[:, None] * np.cos(a), r[:, None] * np.sin(a)
    inputs = {"t": [1.0, 2.0], "y": (["a", "r"], y.T), "x": (["r", "a"], x)}
    got = solve(lambda t, y, x: t * torch.hypot(x, y), inputs, [["x"], ["t"]])
    # dims in order of first appearance: t, then a and r of y
    assert got[()].shape == (2, 2, 3)
    assert np.allclose(got[()], np.multiply.outer([1, 2], np.broadcast_to(r, (2, 3))), rtol=1e-15)
    assert np.allclose(got["x",][0], (x / np.hypot(x, y)).T, rtol=1e-15)


def test_a_grid_without_dims_is_a_number(solve: Solver) -> None:
    got = solve(bilinear, {"t": 2.0, "k": 3.0}, [["t"], ["k"]])
    assert {derivative: grid.shape for derivative, grid in got.items()} == {(): (), ("t",): (), ("k",): ()}
    assert [grid.item() for grid in got.values()] == [42, 21, 26]


def test_empty_dims_give_empty_grids(solve: Solver) -> None:
    got = solve(bilinear, {"t": T, "k": np.empty(0)}, [["t"], ["k"]])
    assert all(grid.shape == (3, 0) for grid in got.values())


def test_eight_dims_and_sixteen_inputs(solve: Solver) -> None:
    names = [f"x{i}" for i in range(16)]
    inputs = {name: [1.0 + i, 2.0 + i] if i < 8 else float(i) for i, name in enumerate(names)}
    got = solve(lambda *x: sum(a * b for a, b in itertools.pairwise(x)), inputs, [["x7"], ["x0", "x1"], ["x15"]])
    assert got[()].shape == (2,) * 8
    corner = (1,) * 8
    assert got["x7",][corner] == 8 + 8
    assert got["x0", "x1"][corner] == 1
    assert got["x15",][corner] == 14


def test_a_function_without_inputs(solve: Solver) -> None:
    got = solve(lambda: torch.full((), 2.5, dtype=torch.float64), {}, [])
    assert got[()].shape == ()
    assert got[()] == 2.5


# Company


@given(
    st.lists(
        st.tuples(st.lists(st.floats(-3, 3), max_size=9), st.lists(st.floats(-3, 3), max_size=9), st.floats(-1, 1)),
        min_size=1,
        max_size=6,
    )
)
def test_ragged_batches_answer_as_each_request_alone(solve: Solver, requests: list[tuple[Any, Any, float]]) -> None:
    def function(x: Tensor, y: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
        return torch.exp(-a * x**2) * torch.cos(y), x * torch.tanh(a * y)

    inputs = [{"x": np.array(x), "y": np.array(y), "a": a} for x, y, a in requests]
    orders = [["x"], ["y"], ["a"], ["x", "y"], ["a", "a"]]
    together = solve.batch(function, inputs, orders, components=2)
    for given_inputs, got in zip(inputs, together, strict=True):
        (alone,) = solve.batch(function, [given_inputs], orders, components=2)
        for derivative, grid in got.items():
            np.testing.assert_allclose(grid, alone[derivative], rtol=1e-13, atol=1e-13)


def test_zeros_of_both_signs_are_two_numbers(solve: Solver) -> None:
    requests = [{"x": [1.0, 2.0], "a": 0.0}, {"x": [1.0, 2.0], "a": -0.0}]
    plus, minus = solve.batch(lambda x, a: (x / a,), requests, [["x"]])
    assert (plus[()] == np.inf).all()
    assert (minus[()] == -np.inf).all()


def test_parameters_that_differ_within_a_batch_keep_to_their_requests(solve: Solver) -> None:
    requests = [{"x": [1.0, 2.0], "a": a, "b": 5.0} for a in (1.0, 2.0, 3.0)]
    grids = solve.batch(lambda x, a, b: (x * a + b,), requests, [["x"], ["a"], ["b"]])
    assert [grid[()][0].tolist() for grid in grids] == [[6, 7], [7, 9], [8, 11]]
    assert [grid["x",][0].tolist() for grid in grids] == [[1, 1], [2, 2], [3, 3]]


def test_a_tile_is_the_window_of_its_request(solve: Solver) -> None:
    inputs = {"t": np.linspace(1, 2, 7), "k": np.linspace(3, 4, 5)}
    (whole,) = solve.batch(lambda t, k: (bilinear(t, k),), [inputs], [["k"]])
    engine = solve.engine(lambda t, k: (bilinear(t, k),), ["t", "k"], [(), ("k",)])
    request = solve.tile(inputs)
    part = request._replace(subgrid=Subgrid((2, 1), (3, 4)))
    out = np.empty((2, 12))
    engine.compute([part], [out])
    assert np.array_equal(out[0].reshape(3, 4), whole[()][0][2:5, 1:5])
    assert np.array_equal(out[1].reshape(3, 4), whole["k",][0][2:5, 1:5])


@pytest.mark.parametrize("chunk", [1, 5, 7, 64])
def test_chunks_change_nothing(solve: Solver, chunk: int) -> None:
    inputs = [
        {"x": np.linspace(-1, 1, 6), "y": np.linspace(0, 2, 11)},
        {"x": np.empty(0), "y": [1.0]},
        {"x": [0.5], "y": [0.25]},
        {"x": np.linspace(1, 2, 3), "y": np.linspace(0, 2, 3)},
    ]
    function = lambda x, y: (himmelblau(x, y),)  # noqa: E731 - one function for two engines
    tiles = [solve.tile(each) for each in inputs]
    outs = [np.full((2, tile.subgrid.points), np.nan) for tile in tiles]
    engine = solve.engine(function, ["x", "y"], [(), ("y",)])
    engine._chunk_points = chunk
    engine.compute(tiles, outs)
    for out, want in zip(outs, solve.batch(function, inputs, [["y"]]), strict=True):
        np.testing.assert_allclose(out[0], want[()].ravel(), rtol=1e-15)
        np.testing.assert_allclose(out[1], want["y",].ravel(), rtol=1e-14, atol=1e-14)


def test_results_lie_in_wire_layout(solve: Solver) -> None:
    buffer = np.full(3 * 2 * 6 + 2, np.nan)
    out = buffer[1:-1].reshape(6, 6)
    engine = solve.engine(lambda t, k: (t, t * k), ["t", "k"], [(), ("t",), ("k",)], components=2)
    engine.compute([solve.tile({"t": T, "k": K})], [out])
    t, k = (each.ravel() for each in np.meshgrid(T, K, indexing="ij"))
    assert np.array_equal(out, [t, t * k, np.ones(6), k, np.zeros(6), t])
    assert np.isnan(buffer[[0, -1]]).all()


# Trouble


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_silu_and_mish_have_second_derivatives(solve: Solver, mode: str) -> None:
    x = [0.5, 0.0, -1.0]
    (got,) = solve.batch(lambda x: (torch.nn.functional.silu(x),), [{"x": x}], [["x"], ["x", "x"]], mode=mode)
    np.testing.assert_allclose(got["x",][0], [0.7399611873, 0.5, 0.0723294881], rtol=1e-9)
    np.testing.assert_allclose(got["x", "x"][0], [0.4412290270, 0.5, 0.3023661188], rtol=1e-9)


def test_parameters_that_could_be_trained_stay_out_of_results(solve: Solver) -> None:
    weight = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    (got,) = solve.batch(lambda x: (weight * x**2,), [{"x": [2.0]}], [["x"]])
    assert (got[()][0, 0], got["x",][0, 0]) == (12, 12)


def test_an_exception_leaves_forward_mode_as_it_was(solve: Solver) -> None:
    def fails(x: Tensor, y: Tensor) -> Tensor:
        torch.func.jvp(lambda x: x * y, (x,), (torch.ones_like(x),))
        raise ValueError("on purpose")

    for mode in ("forward", "reverse"):
        with pytest.raises(ValueError, match="on purpose"):
            solve(fails, {"x": T, "y": K}, [["x", "y"], ["y"]], mode=mode)
        got = solve(bilinear, {"t": T, "k": K}, [["t", "k"], ["k"]])
        assert np.array_equal(got["t", "k"], 1 + 4 * K + 0 * T[:, None])
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()


class Memory:
    """A function for which there is only memory for so many points."""

    def __init__(self, points: int, message: str = "DefaultCPUAllocator: can't allocate memory") -> None:
        self.points = points
        self.message = message
        self.tried: list[int] = []

    def __call__(self, x: Tensor) -> tuple[Tensor]:
        size = torch._C._functorch.get_unwrapped(torch._C._functorch.get_unwrapped(x)).numel()
        self.tried.append(size)
        if size > self.points:
            raise RuntimeError(self.message)
        return (x**2,)


def test_out_of_memory_is_answered_by_halving_the_work(solve: Solver) -> None:
    memory = Memory(1000)
    x = np.linspace(0, 1, 5000)
    (got,) = solve.batch(memory, [{"x": x}], [["x"]])
    assert np.array_equal(got["x",][0], 2 * x)
    assert memory.tried[:3] == [5000, 2500, 1250]
    assert max(memory.tried[3:]) <= 625


def test_out_of_memory_for_the_smallest_chunk_is_too_large(solve: Solver) -> None:
    with pytest.raises(TooLargeError, match="no memory for"):
        solve.batch(Memory(0), [{"x": np.linspace(0, 1, 5000)}], [["x"]])


def test_another_error_is_not_taken_for_want_of_memory(solve: Solver) -> None:
    memory = Memory(0, "some other error")
    with pytest.raises(RuntimeError, match="some other error"):
        solve.batch(memory, [{"x": np.linspace(0, 1, 5000)}], [["x"]])
    assert memory.tried == [5000]


def test_a_chunk_has_fewer_points_the_more_results_a_point_has(cpu: CpuDevice) -> None:
    sizes = [cpu.chunk_points(planes) for planes in (1, 3, 100, 1000, 100_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[3] * 1000 * 8 <= 16 << 20
    assert sizes[-1] >= 1
