"""What a formula must pass: its text, inputs, units and samples, computed here by a stand-in for workers."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from gridgrad_core.errors import CrashError
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.formulas.checks import FormulaChecks
from gridgrad_server.formulas.formula import FormulaInput, FormulaSample, NamedFormula, WrongFormulaError
from gridgrad_server.formulas.formula_tables import read_tables
from gridgrad_server.requests.decoded import DecodedRequest
from tests.server.building import make_request

named = NamedFormula
X, K = FormulaInput("x"), FormulaInput("k", 2.0)
TABLES = read_tables(Path(), {"V": {"x": [0, 1], "values": [0, 1], "method": "linear"}})


class Doubling:
    """Computes k*x of whatever is asked, or nan for x = 0; at x < 0 it fails."""

    def __init__(self) -> None:
        self.sink: Any = None

    async def request(self, decoded: DecodedRequest, sink: Any, caller: str, deadline_at: float | None) -> Any:
        del caller, deadline_at
        self.sink = sink
        request: Any = make_request()
        request.numbers = decoded.numbers
        return request

    def submit(self, request: Any) -> None:
        x, k = (struct.unpack("<d", each)[0] for each in request.numbers)
        if x < 0:
            self.sink.failed(request, CrashError("", "it has cost two workers their lives"))
        else:
            value = memoryview(struct.pack("<d", k * x if x else float("nan")))
            self.sink.take_tile(request, None, value, {}, None)


def sample(value: float, x: float = 3.0, **fields: Any) -> FormulaSample:
    return FormulaSample(
        {"x": x, **fields.pop("inputs", {})}, (value,), fields.get("rtol", 1e-9), fields.get("atol", 0.0)
    )


def checks() -> FormulaChecks:
    return FormulaChecks(Programs(), Doubling())


@pytest.mark.parametrize(
    "fitting",
    [
        sample(6.0),
        sample(6.0 + 5e-9),
        sample(6.4, atol=0.5),
        sample(15.0, inputs={"k": 5.0}),
        sample(float("nan"), 0.0),
    ],
)
async def test_samples_within_their_tolerance_pass(fitting: FormulaSample) -> None:
    shared = await checks().checked(named("f", "k*x", inputs=(X, K), samples=(fitting,)))
    assert shared.inputs == (X, K)
    assert shared.parsed.inputs == ("k", "x")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (named("f", "k*"), "wrong expression, line 1, column 3: the text ends"),
        (named("f", "k*x", inputs=(X,)), "uses 'k', which inputs does not have"),
        (named("f", "2*x", inputs=(X, K)), "input 'k', which its expression does not use"),
        (named("f", "x", units=("m", "s")), "2 units for 1 components"),
        (named("f", "x", tables=TABLES), "the table 'V', which the function does not call"),
        (named("f", "V(x, x)", tables=TABLES), "wrong expression, .*an order of a derivative of the table V"),
        (
            named("f", "k*x", inputs=(X, K), samples=(sample(6.0), sample(7.0))),
            r"samples\[1\]: f is 6.0 .*not 7.0",
        ),
        (named("f", "k*x", inputs=(X, K), samples=(sample(6.0 + 7e-9),)), "within rtol 1e-09"),
        (named("f", "k*x", inputs=(X, K), samples=(sample(0.0, 0.0, atol=1.0),)), "is nan there"),
        (
            named("f", "k*x", inputs=(X, K), samples=(sample(0.0, -1.0),)),
            r"samples\[0\] can't be computed: it has",
        ),
        (named("f", "k*x", samples=(sample(6.0),)), r"samples\[0\] has no 'k'"),
        (named("f", "k*x", inputs=(X, K), samples=(sample(6.0, inputs={"y": 1.0}),)), "'y', which is no input"),
        (
            named("f", "x", samples=(FormulaSample({"x": 1.0}, (1.0, 2.0), 0.0, 0.0),)),
            "2 values for 1 components",
        ),
    ],
)
async def test_what_does_not_hold_is_refused_with_its_place(wrong: NamedFormula, said: str) -> None:
    with pytest.raises(WrongFormulaError, match=said):
        await checks().checked(wrong)
