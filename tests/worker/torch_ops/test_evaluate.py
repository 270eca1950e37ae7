"""The interpreter of programs: types, constants, components, memory, size."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.derive.rules import rule
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.torch_ops.evaluate import torch_function
from gridgrad_worker.torch_ops.scalars import SCALAR_FIRST, SCALAR_SECOND
from gridgrad_worker.torch_ops.table import NATIVE, VALUES
from tests.worker.partials import partials

DTYPES = [torch.float64, torch.float32]
POINTS = [0.3, 0.7, 1.9]


def numbers(dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor(POINTS, dtype=dtype)


def test_every_function_has_a_value_and_nothing_else_has() -> None:
    assert set(VALUES) == set(FUNCTIONS)
    assert {*NATIVE, *SCALAR_FIRST, *SCALAR_SECOND} <= set(FUNCTIONS)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_component_is_a_tensor_of_the_dtype(dtype: torch.dtype) -> None:
    function = torch_function(parse("x, 3, x > 1, 2*x + k, 1/3"), ["k", "x"], dtype)
    found = torch.func.vmap(function)(numbers(dtype), numbers(dtype))
    assert [tensor.dtype for tensor in found] == [dtype] * 5
    assert found[1].tolist() == [3, 3, 3]
    assert found[2].tolist() == [0, 0, 1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_program_without_inputs_gives_a_tensor(dtype: torch.dtype) -> None:
    (found,) = torch_function(parse("1/3 + sqrt(2)"), [], dtype)()
    assert found.dtype == dtype
    third, root = np.float32(1) / np.float32(3), np.sqrt(np.float32(2))
    assert found.item() == pytest.approx(third + root if dtype == torch.float32 else 1 / 3 + 2**0.5, rel=1e-15)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"and", "or", "not"}))
@pytest.mark.parametrize("order", range(3))
def test_nothing_promotes_float32(name: str, order: int) -> None:
    function = FUNCTIONS[name]
    for holds_x, kind in enumerate(function.kinds or ("number",) * len(function.params)):
        if kind in ("integer", "constant"):
            continue
        text = call_of(name, holds_x)
        # `partials` asserts the dtype
        partials(f"0.1*{text}", {"x": POINTS}, "x" * order, torch.float32)


def call_of(name: str, holds_x: int) -> str:
    """A call with x for one argument and constants for the others."""
    function = FUNCTIONS[name]
    arguments = ["x" if i == holds_x else "2" for i in range(len(function.params))]
    if function.group != "operator":
        return f"{name}({', '.join(arguments)})"
    return f"({function.aliases[0]}({', '.join(arguments)}))"


def test_constants_are_rounded_once_to_float32() -> None:
    (found,) = torch_function(parse("0.1 + 0*x"), ["x"], torch.float32)(torch.tensor(1.0))
    assert found.item() == np.float32(0.1)
    (found,) = torch_function(parse("x*0.1"), ["x"], torch.float32)(torch.tensor(3.0))
    assert found.item() == np.float32(3) * np.float32(0.1)
    (found,) = torch_function(parse("x > 0.1"), ["x"], torch.float32)(torch.tensor(0.1))
    assert found.item() == 0


def test_a_constant_over_x_is_rounded_once() -> None:
    x = np.random.default_rng(7).uniform(1, 1000, 1000)
    assert partials("3/x", {"x": x.tolist()}) == (3 / x).tolist()


def test_what_a_rule_made_inside_a_transform_is_good_after_it() -> None:
    program = torch_function(parse("logit(x)*clip(x, 0.1, 0.9)"), ["x"], torch.float64)
    first = torch.func.vmap(torch.func.jacfwd(lambda x: program(x)[0]))
    again = torch.func.vmap(torch.func.jacfwd(torch.func.jacfwd(lambda x: program(x)[0])))
    x = torch.tensor([0.2, 0.4], dtype=torch.float64)
    want = first(x).tolist()
    again(x)
    assert first(x).tolist() == want
    assert program(x[0])[0].item() == pytest.approx(np.log(0.25) * 0.2)


@pytest.mark.processor
@pytest.mark.parametrize("shape", [(3, 4), (5, 7)], ids=str)
def test_shapes_and_batches_at_any_dim_are_elementwise(shape: tuple[int, int]) -> None:
    """Each number is the function at its own point, within rounding: not the same bits in every layout.

    torch computes whole vectors of the processor by other code than what is left over, and last bits may differ.
    """
    function = torch_function(parse("logaddexp(x, y)"), ["x", "y"], torch.float64)
    generator = torch.Generator().manual_seed(5)
    x = torch.rand(shape, generator=generator, dtype=torch.float64)
    y = torch.rand(shape[0], generator=generator, dtype=torch.float64)
    want = np.logaddexp(x.numpy().astype(np.longdouble), y.numpy()[:, None].astype(np.longdouble))
    # max + log1p(exp(-d)) for d < 1: half a unit for the sum and for d, one each for exp and log1p. All in all 3 units
    assert_within_units(torch.func.vmap(lambda a, b: function(a, b)[0])(x, y), want, 3)
    turned = torch.func.vmap(lambda a, b: function(a, b)[0], in_dims=(1, None), out_dims=1)(x, y)
    assert_within_units(turned, want, 3)
    outer = torch.func.vmap(lambda b: function(x.T, b)[0])(y)
    assert_within_units(outer.diagonal(dim1=0, dim2=2).T, want, 3)


def assert_within_units(found: torch.Tensor, want: NDArray[np.longdouble], units: float) -> None:
    assert found.shape == want.shape
    assert (np.abs(found.numpy() - want) <= units * np.finfo(np.float64).eps * np.abs(want)).all()


def test_an_argument_without_tangent_stays_without() -> None:
    # Its slope is nan at negative x, and would spoil the other one
    assert partials("x**y", {"x": [-2.0], "y": [2.0]}, "x") == [-4]


def test_what_nobody_needs_any_more_is_freed() -> None:
    text = "a0 = x + 1\n" + "\n".join(f"a{i + 1} = a{i}*a{i} - 0.5" for i in range(40)) + "\na40"
    function = torch_function(parse(text), ["x"], torch.float64)
    made: list[weakref.ref[torch.Tensor]] = []
    alive: list[int] = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def] # torch's protocol
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor):
                made.append(weakref.ref(result))
                alive.append(sum(reference() is not None for reference in made))
            return result

    x = torch.zeros((), dtype=torch.float64)
    with Watch():
        function(x)
    assert len(alive) == 81
    assert max(alive) == 2


def test_many_operations_are_no_recursion() -> None:
    text = " + ".join(f"{i % 7}*x" for i in range(1, 9000))
    slope = sum(i % 7 for i in range(1, 9000))
    assert partials(text, {"x": [0.5]}, "x") == [slope]


def test_rules_beyond_order_four_hold_too() -> None:
    assert partials("sinc(x)", {"x": [0.0]}, "x" * 6) == pytest.approx([-(np.pi**6) / 7])
    assert partials("softplus(x)", {"x": [0.0]}, "x" * 6) == pytest.approx([0.25])
    assert partials("log_norm_cdf(x)", {"x": [-1e4]}, "x" * 5) == pytest.approx([24e-20], rel=1e-6)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_rule_runs(name: str) -> None:
    function = FUNCTIONS[name]
    integers = (2,) * len(function.integers)
    others = function.params[len(integers) :]
    for position in range(len(integers), len(function.params)):
        program = rule(name, position, integers)
        assert set(program.inputs) <= set(others)
        arguments = [torch.tensor(0.5, dtype=torch.float64) for _ in others]
        (found,) = torch_function(program, others, torch.float64)(*arguments)
        assert found.dtype == torch.float64


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"and", "or", "not"}))
def test_a_gpu_computes_the_same(name: str, dtype: torch.dtype) -> None:
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    text = call_of(name, len(FUNCTIONS[name].integers))
    for order in range(3):
        want = partials(text, {"x": POINTS}, "x" * order, dtype)
        found = partials(text, {"x": POINTS}, "x" * order, dtype, "cuda")
        np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance)
