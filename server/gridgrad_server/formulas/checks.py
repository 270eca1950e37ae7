"""What a formula must pass before it is served: text, inputs, units, and samples that a worker computes."""

from __future__ import annotations

import asyncio
import math
import struct
from typing import Protocol

from gridgrad_core.errors import GridgradError
from gridgrad_core.grid import grid_of
from gridgrad_server.deriving.programs import ParsedText, Programs
from gridgrad_server.formulas.formula import FormulaInput, FormulaSample, NamedFormula, WrongFormulaError
from gridgrad_server.formulas.shared_formulas import SharedFormula, scalar
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.decoded import DecodedFunction, DecodedRequest
from gridgrad_server.requests.signature import check_tables
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.request import Failures, GridRequest, ResultSink

__all__ = ["Computer", "FormulaChecks"]


class Computer(Protocol):
    """Has requests computed; the intake is one."""

    async def request(
        self, decoded: DecodedRequest, sink: ResultSink, caller: str, deadline_at: float | None, /
    ) -> GridRequest:
        """A request that is not yet queued."""

    def submit(self, request: GridRequest, /) -> None:
        """Queues it."""


class _SampleSink:
    """The sink of a sample.

    Args:
        values: set to those of the components, or to the error.
    """

    def __init__(self, values: asyncio.Future[tuple[float, ...]]) -> None:
        self._values = values

    def take_tile(
        self,
        request: GridRequest,
        tile: GridTile,  # noqa: ARG002 - a ResultSink takes it
        result: memoryview,
        failures: Failures,  # noqa: ARG002 - a ResultSink takes it
        slot: Slot | None,  # noqa: ARG002 - a ResultSink takes it
    ) -> None:
        """Takes the value of each component."""
        request.progress.sent()
        if not self._values.done():
            self._values.set_result(struct.unpack(f"<{len(result) // 8}d", result))

    def failed(self, request: GridRequest, error: GridgradError) -> None:  # noqa: ARG002 - a ResultSink takes it
        """Takes the error that ends the request."""
        if not self._values.done():
            self._values.set_exception(error)


class FormulaChecks:
    """Checks formulas.

    Args:
        programs: parses their texts.
        computer: computes their samples.
    """

    def __init__(self, programs: Programs, computer: Computer) -> None:
        self._programs = programs
        self._computer = computer

    async def checked(self, formula: NamedFormula) -> SharedFormula:
        """A formula that may be served.

        Raises:
            WrongFormulaError: it may not; the message says where it is wrong.
        """
        try:
            specs = tuple([each.table.spec for each in formula.tables])
            names = [each.name for each in formula.inputs or ()]
            parsed = await self._programs.get(formula.text, names, tables=specs)
            check_tables(specs, parsed.called)
        except GridgradError as error:
            raise WrongFormulaError(f"has a wrong expression, {error.found}; {error.remedy}") from None
        shared = SharedFormula(formula, parsed, _inputs(formula, parsed))
        if formula.units and len(formula.units) != len(parsed.components):
            found = f"has {len(formula.units)} units for {len(parsed.components)} components"
            raise WrongFormulaError(f"{found}; write one for each, '' where there is none")
        for position, sample in enumerate(formula.samples):
            await self._check(f"samples[{position}]", sample, shared)
        return shared

    async def _check(self, place: str, sample: FormulaSample, shared: SharedFormula) -> None:
        inputs = _point(place, sample, shared)
        if len(sample.values) != len(shared.parsed.components):
            found = f"{place} has {len(sample.values)} values for {len(shared.parsed.components)} components"
            raise WrongFormulaError(f"{found}; write one for each")
        try:
            got = await self._computed(shared, inputs)
        except GridgradError as error:
            raise WrongFormulaError(f"{place} can't be computed: {error}") from None
        for name, value, wanted in zip(shared.parsed.components, got, sample.values, strict=True):
            if not _agree(value, wanted, sample):
                off = f"within rtol {sample.rtol:g} and atol {sample.atol:g}"
                raise WrongFormulaError(
                    f"{place}: {name} is {value!r} there, not {wanted!r} {off}; mend the expression, or the value"
                )

    async def _computed(self, shared: SharedFormula, inputs: dict[str, float]) -> tuple[float, ...]:
        given = tuple(scalar(name, value) for name, value in inputs.items())
        grid = grid_of([each.spec for each in given])
        named = tuple((name, ()) for name in inputs)
        function = DecodedFunction("expression", shared.parsed.text, named, "float64", (), tables=shared.tables)
        values: asyncio.Future[tuple[float, ...]] = asyncio.get_running_loop().create_future()
        asked = DecodedRequest(function, given, grid, "")
        self._computer.submit(await self._computer.request(asked, _SampleSink(values), "", None))
        return await values


def _inputs(formula: NamedFormula, parsed: ParsedText) -> tuple[FormulaInput, ...]:
    """The inputs of a formula: those of its text, with what the file says of them."""
    if formula.inputs is None:
        return tuple(map(FormulaInput, parsed.inputs))
    named = {each.name for each in formula.inputs}
    for name in parsed.inputs:
        if name not in named:
            raise WrongFormulaError(f"uses {name!r}, which inputs does not have; add it, or mend the expression")
    for name in sorted(named.difference(parsed.inputs)):
        raise WrongFormulaError(f"has the input {name!r}, which its expression does not use; take it out of inputs")
    return formula.inputs


def _point(place: str, sample: FormulaSample, shared: SharedFormula) -> dict[str, float]:
    """The value of each input at a sample."""
    point = {each.name: each.default for each in shared.inputs} | sample.inputs
    for name in sample.inputs:
        if name not in {each.name for each in shared.inputs}:
            raise WrongFormulaError(f"{place} has {name!r}, which is no input; take it out")
    missing = [name for name, value in point.items() if value is None]
    if missing:
        raise WrongFormulaError(f"{place} has no {missing[0]!r}; say at which value it was computed")
    return {name: value for name, value in point.items() if value is not None}


def _agree(value: float, wanted: float, sample: FormulaSample) -> bool:
    if math.isfinite(value) and math.isfinite(wanted):
        return abs(value - wanted) <= sample.atol + sample.rtol * abs(wanted)
    return value == wanted or (math.isnan(value) and math.isnan(wanted))
