"""Which engine computes what the server asks for."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from gridgrad_core.errors import ExpressionError, InternalError, RequestError, TooLargeError, UnknownFunctionError
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.deriving.helper_job import answer
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.tier import Hotness, Tier
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.functional import expressions
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.structured.planning import derived_plan
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.make_program import EngineName, make_program, read_dtype
from gridgrad_worker.registered.registration import RegisteredInput, Registration
from gridgrad_worker.worker_program import WorkerProgram
from tests.worker.engines.compiled.scripted import ScriptedCompiler

AXES = {"x": ["x"], "y": ["y"]}


def message(dtype: str = "float64", expression: str | None = None, registered: str | None = None) -> pb.Plan:
    inputs = [pb.PlanInput(name=name, dims=dims) for name, dims in AXES.items()]
    derivatives = [pb.PlanDerivative(), pb.PlanDerivative(wrt=[0]), pb.PlanDerivative(wrt=[1])]
    return pb.Plan(dtype=dtype, inputs=inputs, derivatives=derivatives, expression=expression, registered=registered)


def product(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x * y


INPUTS = (RegisteredInput("x", None, ""), RegisteredInput("y", None, ""))
REGISTERED = {"product": Registration("product", product, "", INPUTS, ("f",), False, "forward", {}, False)}


def made(plan: pb.Plan, cpu: CpuDevice, engine: EngineName = "structured", tier: Tier | None = None) -> WorkerProgram:
    return make_program(plan, cpu, REGISTERED, engine, tier)


def computed(program: WorkerProgram) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    tile = Tile((ArrayValues(x, (0,), 2), ArrayValues(y, (1,), 2)), Subgrid((0, 0), (2, 3)))
    out = np.empty((program.pieces.planes, 6))
    program.compute([tile], [out], [""])
    return out.reshape(-1, 2, 3)


@pytest.mark.parametrize("function", [{"expression": "x*y"}, {"registered": "product"}])
@pytest.mark.parametrize("engine", ["structured", "functional"])
def test_every_engine_computes_the_same(cpu: CpuDevice, engine: EngineName, function: dict[str, str]) -> None:
    x, y = np.array([1.0, 2.0])[:, None], np.array([3.0, 4.0, 5.0])
    expected = np.stack(np.broadcast_arrays(x * y, y, x))
    assert np.array_equal(computed(made(message(**function), cpu, engine)), expected)


@pytest.mark.parametrize("engine", ["structured", "functional"])
def test_derivatives_of_an_order_whose_digits_would_be_lost_are_refused(cpu: CpuDevice, engine: EngineName) -> None:
    with pytest.raises(RequestError, match=r"a derivative of log_norm_cdf_derivative\(9, x\), .* is right to n = 9"):
        computed(made(message(expression="log_norm_cdf_derivative(9, x)*y"), cpu, engine))


def test_expressions_take_the_structured_engine_and_its_tiers(cpu: CpuDevice) -> None:
    untiered = made(message(expression="x*y"), cpu)
    assert isinstance(untiered.engine, StructuredEngine)
    assert untiered.state == ("never", "the server was started with --no-compile")
    tiered = made(message(expression="x*y"), cpu, tier=Tier(ScriptedCompiler(), Hotness(1000, 50)))
    assert isinstance(tiered.engine, TieredEngine)
    assert tiered.state.compiled == "pending"
    assert tiered.registered is None


def test_registered_functions_are_refused_beyond_what_they_are_served_for(cpu: CpuDevice) -> None:
    limited = REGISTERED["product"]._replace(order=0, why_no_more="its slope is wrong", why_no_float32="it has doubles")
    plan = message(registered="product")
    with pytest.raises(RequestError, match="served to order 0: its slope is wrong; ask for order 0 at most") as caught:
        make_program(plan, cpu, {"product": limited}, "structured")
    assert caught.value.field == "derivatives"
    plan = message("float32", registered="product")
    with pytest.raises(RequestError, match='float64 alone: it has doubles; ask for dtype="float64"') as caught:
        make_program(plan, cpu, {"product": limited._replace(order=1)}, "structured")
    assert caught.value.field == "dtype"


def test_registered_functions_take_the_functional_engine(cpu: CpuDevice) -> None:
    program = made(message(registered="product"), cpu, tier=Tier(ScriptedCompiler(), Hotness(1000, 50)))
    assert isinstance(program.engine, FunctionalEngine)
    assert program.registered == "product"
    assert "only expressions are compiled" in program.state.why


def test_what_a_helper_has_derived_is_computed_as_what_is_derived_here(cpu: CpuDevice) -> None:
    plan = message(expression="sin(x*y)*y")
    here = computed(made(plan, cpu))
    plan.derived = answer(pb.HelperJob(derive=plan)).derived
    plan.expression = "no text that is parsed"
    assert np.array_equal(computed(made(plan, cpu)), here)
    assert here.shape == (3, 2, 3)
    plan.derived = b"no table"
    with pytest.raises(InternalError, match="please report it"):
        made(plan, cpu)


def test_what_is_too_large_to_derive_is_refused_with_the_limit(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived_plan, "derive", functools.partial(derive, limit=2))
    with pytest.raises(TooLargeError, match="more than 2 operations; ask for fewer derivatives") as caught:
        made(message(expression="x*y"), cpu)
    assert caught.value.field == "derivatives"


def test_an_operator_s_functional_engine_takes_it_by_forward_mode(
    cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expressions, "derive", functools.partial(derive, limit=2))
    program = made(message(expression="x*y"), cpu, engine="functional")
    assert isinstance(program.engine, FunctionalEngine)
    assert np.array_equal(computed(program)[0], np.array([1.0, 2.0])[:, None] * [3.0, 4.0, 5.0])


@pytest.mark.parametrize(
    ("plan", "error", "field"),
    [
        (message(expression="x ^"), ExpressionError, "function.expression"),
        (message(registered="nobody"), UnknownFunctionError, "function.registered"),
        (message("float16", expression="x*y"), InternalError, "batch.plan.dtype"),
        (pb.Plan(registered="product", dtype="float64"), RequestError, "inputs"),
    ],
)
def test_what_can_not_be_made_says_why(cpu: CpuDevice, plan: pb.Plan, error: type[RequestError], field: str) -> None:
    with pytest.raises(error) as caught:
        made(plan, cpu)
    assert caught.value.field == field
    assert caught.value.remedy


def test_dtypes_by_name() -> None:
    assert read_dtype("float32") == torch.float32
    assert read_dtype("float64") == torch.float64
