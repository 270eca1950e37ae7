"""What numbers go in and come out: linspace, dtypes, arrays of any make, and large grids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from tests.seeds import examples
from tests.service.calls import DTYPES, Calls, linspace, request
from tests.service.harness import Running, resident_mib

CLOSE = 1e-13


# Linspace


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("start", "stop", "num"),
    [(0, 1, 11), (-5, 5, 256), (0.1, 0.7, 101), (3, -4, 7), (1, 1, 5), (2.5, 9, 1), (0, 1e-310, 9), (1e300, -1e300, 3)],
)
def test_linspace_has_the_bits_of_numpy(
    client: gridgrad.Client, start: float, stop: float, num: int, dtype: Any
) -> None:
    result = client.gradient("x", {"x": gridgrad.linspace(start, stop, num)}, dtype=dtype)
    with np.errstate(over="ignore"):
        want = np.linspace(start, stop, num).astype(dtype)
    assert result.value.tobytes() == want.tobytes()
    assert result.inputs["x"].tobytes() == want.tobytes()


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(0, 300))
def test_any_linspace_has_the_bits_of_numpy(client: gridgrad.Client, start: float, stop: float, num: int) -> None:
    result = client.gradient("x", {"x": gridgrad.linspace(start, stop, num)}, derivatives=[])
    assert result.value.tobytes() == np.linspace(start, stop, num).tobytes()


def test_a_long_linspace_in_pieces_has_the_bits_of_numpy(client: gridgrad.Client) -> None:
    result = client.gradient("x", {"x": gridgrad.linspace(-0.3, 1.7, 3_000_001)}, derivatives=[])
    assert_array_equal(result.value, np.linspace(-0.3, 1.7, 3_000_001))


# Dtypes and arrays


def test_float32_is_computed_and_returned_in_float32(client: gridgrad.Client) -> None:
    x = np.linspace(1, 2, 9, dtype=np.float32)
    result = client.gradient("x*0.1 + 1e-9", {"x": x})
    assert result.value.dtype == result.d["x"].dtype == np.float32
    assert_array_equal(result.value, x * np.float32(0.1) + np.float32(1e-9))
    assert_array_equal(result.d["x"], np.full(9, np.float32(0.1)))
    mixed = client.gradient("x*y", {"x": x, "y": np.array([1.0, 2.0])})
    assert mixed.value.dtype == np.float64
    forced = client.gradient("x*y", {"x": x, "y": np.array([1.0, 2.0])}, dtype="float32")
    assert forced.value.dtype == np.float32
    with_number = client.gradient("x*c", {"x": x, "c": 0.1})
    assert_array_equal(with_number.value, x * np.float32(0.1))


@pytest.mark.parametrize(
    "given_x",
    [
        np.array([1.0, 2.0, 3.0], ">f8"),
        np.array([1.0, 9, 2.0, 9, 3.0])[::2],
        np.array([3.0, 2.0, 1.0])[::-1],
        np.array([1, 2, 3]),
        np.array([1, 2, 3], "uint8"),
        [1, 2, 3],
        (1.0, 2, 3),
        np.array([1, 2, 3], ">f4"),
        np.array([1, 2, 3], "float16"),
        range(1, 4),
    ],
    ids=["big-endian", "strided", "reversed", "int", "uint8", "list", "tuple", "big float32", "float16", "range"],
)
def test_arrays_of_any_make(client: gridgrad.Client, given_x: Any) -> None:
    result = client.gradient("x**2", {"x": given_x})
    assert_array_equal(result.value, [1, 4, 9])
    assert_array_equal(result.d["x"], [2, 4, 6])


def test_a_transposed_field_and_booleans(client: gridgrad.Client) -> None:
    field = np.arange(6.0).reshape(2, 3).T
    mask = np.array([[True, False], [False, True], [True, True]])
    result = client.gradient(
        "where(m, f, -f)", {"f": (("i", "j"), field), "m": (("i", "j"), mask)}, derivatives=["f", "m"]
    )
    assert_array_equal(result.value, np.where(mask, field, -field))
    assert_array_equal(result.d["f"], np.where(mask, 1, -1))
    assert_array_equal(result.d["m"], np.zeros((3, 2)))


@pytest.mark.parametrize(
    "given_x",
    [np.array([1 + 2j]), np.array(["a"]), np.array([None]), [[1.0, 2.0], [3.0]], "1", None],
    ids=["complex", "text", "object", "ragged", "a string", "None"],
)
def test_what_is_no_array_of_numbers_is_refused_by_name(client: gridgrad.Client, given_x: Any) -> None:
    with pytest.raises(gridgrad.RequestError, match="x"):
        client.gradient("x", {"x": given_x})


def test_inf_and_nan_are_values(client: gridgrad.Client) -> None:
    x = np.array([0.0, -1.0, np.inf, -np.inf, np.nan, -0.0])
    result = client.gradient("1/x", {"x": x})
    with np.errstate(all="ignore"):
        assert_array_equal(result.value, 1 / x)
        assert_array_equal(result.d["x"], -1 / x**2)
    result = client.gradient("log(x)", {"x": x})
    assert_array_equal(result.value, [-np.inf, np.nan, np.inf, np.nan, np.nan, -np.inf])


def test_a_guarded_singularity_is_finite_on_the_other_side(client: gridgrad.Client) -> None:
    x = [-1.0, 0.0, 1.0, 2.0]
    result = client.gradient("where(x > 0, log(x), 0)", {"x": x}, order=2)
    assert_array_equal(result.value, [0, 0, 0, np.log(2.0)])
    assert_array_equal(result.d["x"], [0, 0, 1, 0.5])
    assert_array_equal(result.d["x", "x"], [0, 0, -1, -0.25])


def test_one_input_at_a_singularity_leaves_the_others_alone(client: gridgrad.Client) -> None:
    result = client.gradient("sqrt(t) + k**2", {"t": [0.0, 4.0], "k": [3.0]})
    assert_array_equal(result.d["t"].ravel(), [np.inf, 0.25])
    assert_array_equal(result.d["k"].ravel(), [6, 6])


# Large grids


def test_a_large_grid_comes_over_the_stream(client: gridgrad.Client) -> None:
    x, y = np.linspace(-1, 2, 1500), np.linspace(0.5, 1.5, 1500)
    result = client.gradient("x**3*y + y**2", {"x": x, "y": y})
    assert_allclose(result.value, x[:, None] ** 3 * y + y**2, rtol=1e-12, atol=1e-14)
    assert_allclose(result.d["x"], 3 * x[:, None] ** 2 * y, rtol=1e-12, atol=1e-14)
    assert_allclose(result.d["y"], x[:, None] ** 3 + 2 * y, rtol=1e-12, atol=1e-14)
    assert not result.value.flags.writeable


def test_a_large_tuple_with_a_short_leading_dim(client: gridgrad.Client) -> None:
    s, x = np.array([1.0, 2.0]), np.linspace(0, 1, 700_000)
    result = client.gradient("u = s*x; v = s - x; u, v", {"s": s, "x": x})
    assert_array_equal(result.value, np.stack([s[:, None] * x, s[:, None] - x]))
    assert_array_equal(result.d["s"], np.stack([np.broadcast_to(x, (2, 700_000)), np.ones((2, 700_000))]))
    assert_array_equal(result.d["x"][1], -np.ones((2, 700_000)))


def test_a_very_large_grid_is_whole_nowhere_but_at_the_caller(client: gridgrad.Client, server: Running) -> None:
    side = 4096
    server.forget_peaks()
    in_use = [resident_mib(server.process.pid), sum(map(resident_mib, server.workers()))]
    result = client.gradient("x*y + y", {"x": gridgrad.linspace(0, 1, side), "y": gridgrad.linspace(1, 2, side)})
    x, y = np.linspace(0, 1, side), np.linspace(1, 2, side)
    assert result.value.shape == (side, side)
    for row in (0, 1234, side - 1):
        assert_allclose(result.value[row], x[row] * y + y, rtol=1e-15)
        assert_array_equal(result.d["x"][row], y)
        assert_array_equal(result.d["y"][row], np.full(side, x[row] + 1))
    grown = [peak - before for peak, before in zip(server.peaks(), in_use, strict=True)]
    assert max(grown) < result.nbytes / 2**20 / 2, f"server and worker grew by {grown} MiB"


def test_windows_cover_the_buffer_once(calls: Calls) -> None:
    asked = request("t*k", [linspace("t", 0, 1, 1200), linspace("k", 0, 1, 900)], ["t"], ["k"])
    answers = list(calls.stream([(5, asked)]))
    assert [answer.last for answer in answers] == [False] * (len(answers) - 1) + [True]
    assert answers[0].header.shape == answers[-1].header.shape == [1200, 900]  # the last has the whole info
    seen, buffer = np.zeros((3, 1200 * 900)), np.empty((3, 1200 * 900))
    for answer in answers:
        window = answer.window
        rows = slice(window.first_plane, window.first_plane + window.planes)
        columns = slice(window.first_point, window.first_point + window.points)
        seen[rows, columns] += 1
        data = np.frombuffer(answer.data, DTYPES[answers[0].header.dtype])
        buffer[rows, columns] = data.reshape(window.planes, window.points)
    assert np.all(seen == 1)
    assert max(len(answer.data) for answer in answers) <= 4 << 20
    t, k = np.linspace(0, 1, 1200)[:, None], np.linspace(0, 1, 900)
    assert_array_equal(buffer.reshape(3, 1200, 900), np.stack(np.broadcast_arrays(t * k, k, t)))


def test_out_takes_the_result(client: gridgrad.Client) -> None:
    x = np.linspace(0, 1, 5)
    out = np.empty((2, 5))
    result = client.gradient("x**2", {"x": x}, out=out)
    assert_array_equal(out, [x**2, 2 * x])
    assert np.shares_memory(result.value, out)
