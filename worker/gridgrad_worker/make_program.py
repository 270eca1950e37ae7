"""Makes programs: which engine computes what the server asks for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import torch

from gridgrad_core.errors import InternalError, RequestError, UnknownFunctionError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program
from gridgrad_core.reduction import KINDS, PULLBACK
from gridgrad_core.wire.table_specs import specs_of_plan
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.tier import Tier
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.functional.expressions import expression_engine
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.structured.planning.derived_plan import DerivedPlan, derive_plan, read_derived
from gridgrad_worker.native.cache import CacheOwner
from gridgrad_worker.piece_messages import PieceReader
from gridgrad_worker.pullbacks.grid_pullback import BlockGradients, GridPullback, PulledInput
from gridgrad_worker.pullbacks.registered_block import RegisteredBlock
from gridgrad_worker.pullbacks.reverse_block import ReverseBlock, planned, stage_job, whole_stage
from gridgrad_worker.pullbacks.staged_engine import StagedEngine
from gridgrad_worker.pullbacks.unseparated_block import UnseparatedBlock
from gridgrad_worker.reductions.grid_reducer import GridReducer, GridResiduals, StateCombiner, Weights
from gridgrad_worker.reductions.least_squares import LeastSquaresRule, Loss
from gridgrad_worker.reductions.weights import point_weights
from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.registration import Registration
from gridgrad_worker.table_store import GivenTables, TableStore, check_lengths
from gridgrad_worker.torch_ops.evaluate import torch_function
from gridgrad_worker.torch_ops.lookups import BoundTable
from gridgrad_worker.tracing.layers import layers_engine
from gridgrad_worker.worker_program import Engine, WorkerProgram

__all__ = ["EngineName", "make_program", "read_dtype"]


EngineName = Literal["structured", "functional"]


class _Chosen(NamedTuple):
    """What computes a program of so many components, and why nothing else does."""

    engine: Engine | TieredEngine
    components: int
    untiered: str


def make_program(
    message: pb.Plan,
    device: Device,
    registered: Mapping[str, Registration],
    engine: EngineName,
    tier: Tier | None = None,
    tables: TableStore | None = None,
) -> WorkerProgram:
    """Makes a program ready to compute.

    Args:
        message: what to compute.
        device: where.
        registered: the functions that it may name.
        engine: what computes expressions; registered functions take the functional one.
        tier: the compiled tier; None where nothing is to be compiled.
        tables: keeps tables for other programs; None for one by itself.

    Raises:
        GridgradError: its function does not exist or parse, lacks inputs, or is too large to derive.
    """
    read_dtype(message.dtype)
    if message.reduction.stage == "combined":
        return _combining(message)
    dims = list(dict.fromkeys(dim for each in message.inputs for dim in each.dims))
    axes = {each.name: tuple(map(dims.index, each.dims)) for each in message.inputs}
    wanted = tuple(tuple(derivative.wrt) for derivative in message.derivatives)
    if message.reduction.kind == PULLBACK:
        return _pulled_back(message, axes, device, registered, engine, tier, tables or TableStore())
    if message.WhichOneof("function") == "registered":
        found = _registration(message.registered, registered)
        chosen = _for_registered(found, list(axes), wanted, read_dtype(message.dtype), device)
    else:
        source, text = _source(message, list(axes), len(wanted), engine)
        given = (tables or TableStore()).of(message.tables, read_dtype(message.dtype), device)
        shape = tuple(axes), tuple(axes.values()), len(dims), wanted, message.dtype, device.name
        owner = CacheOwner(message.owner, message.owner_cache_bytes)
        job = CompileJob(text, *shape, tables=given.specs, bound=given.digest, owner=owner)
        check_lengths(source.nodes, given)
        chosen = _for_expression(source, job, device, engine, tier, given.bound)
    planes = len(wanted) * chosen.components
    if message.HasField("reduction"):
        return _reduced(message, axes, planes, chosen, device, tables or TableStore())
    pieces = PieceReader(tuple(axes.values()), len(dims), planes, message.dtype)
    return WorkerProgram(_without_numbers(message), chosen.engine, pieces, chosen.untiered)


def _reduced(
    message: pb.Plan,
    axes: Mapping[str, tuple[int, ...]],
    planes: int,
    chosen: _Chosen,
    device: Device,
    tables: TableStore,
) -> WorkerProgram:
    """The program of what is made of grids, or of segments of them."""
    asked, ndim = message.reduction, len({dim for own in axes.values() for dim in own})
    sources = [next(i for i, own in enumerate(axes.values()) if dim in own) for dim in range(ndim)]
    given = tables.of(message.tables if asked.weights or asked.data else (), torch.float64, device)
    weights = _weights(asked.weights, axes, ndim, device, given) if asked.weights else None
    residuals = _residuals(asked, axes, ndim, device, given) if asked.data else None
    segment_blocks = asked.segment_blocks if asked.stage == "partial" else 0
    unused = _unused(message, list(axes))
    reducer = GridReducer(
        asked.kind, asked.dims, sources, planes, message.dtype, weights, residuals, segment_blocks, unused
    )
    left = ndim - len(asked.dims) + bool(segment_blocks)
    dtype = "float64" if segment_blocks else KINDS[asked.kind].dtype or message.dtype
    pieces = PieceReader(tuple(axes.values()), ndim, reducer.numbers, dtype, left)
    return WorkerProgram(_without_numbers(message), chosen.engine, pieces, chosen.untiered, reducer)


def _pulled_back(
    message: pb.Plan,
    axes: Mapping[str, tuple[int, ...]],
    device: Device,
    registered: Mapping[str, Registration],
    engine: EngineName,
    tier: Tier | None,
    tables: TableStore,
) -> WorkerProgram:
    """The program of pull-backs, or of segments of them."""
    names, asked, dtype = list(axes), message.reduction, read_dtype(message.dtype)
    ndim = len({dim for own in axes.values() for dim in own})
    wrt = [place for derivative in message.derivatives for place in derivative.wrt]
    gradients: BlockGradients
    if message.WhichOneof("function") == "registered":
        found = _registration(message.registered, registered)
        chosen = _for_registered(found, names, ((), *((place,) for place in wrt)), dtype, device)
        weights = torch_function(parse(asked.weights, names), names, dtype) if asked.weights else None
        gradients = RegisteredBlock(bind(found, names, dtype, device.torch_device), weights, wrt, dtype, device)
    else:
        given = tables.of(message.tables, dtype, device)
        program = parse(message.expression, names, given.specs)
        cotangents = parse(asked.weights, names, given.specs).nodes if asked.weights else ()
        check_lengths((*program.nodes, *cotangents), given)
        asking = program, asked.weights, axes, tuple([names[place] for place in wrt])
        plan = planned(*asking)
        number = whole_stage(plan, ndim)
        whole = program if number is None else plan.stages[number].program
        shape = tuple(axes), tuple(axes.values()), ndim, ((),), message.dtype, device.name
        job = CompileJob(whole.text, *shape, tables=given.specs, bound=given.digest)
        tier = None if number is None else tier  # nothing in it is worth it
        chosen = _for_expression(whole, job, device, engine, tier, given.bound)
        exact = tables.of(message.tables, torch.float64, device).bound
        others = {
            other: _for_stage(stage_job(plan, other, device.name, given.specs, given.digest), device, tier, exact)
            for other in range(len(plan.stages))
            if other != number
        }
        chosen, ready = _of_stages(chosen, [*others.values()])
        otherwise = functools.partial(_unseparated, asking, ndim, job, device, given, exact)
        rest = UnseparatedBlock(otherwise) if plan.watched else None
        gradients = ReverseBlock(plan, names, ndim, dtype, others, ready, rest)
    segments = asked.segment_blocks if asked.stage == "partial" else 0
    sources = [next(i for i, own in enumerate(axes.values()) if dim in own) for dim in range(ndim)]
    inputs = [PulledInput(place, axes[names[place]]) for place in wrt]
    reducer = GridPullback(gradients, [*axes.values()], inputs, sources, segments)
    result_dtype = "float64" if segments else message.dtype
    pieces = PieceReader(tuple(axes.values()), ndim, reducer.numbers, result_dtype, 1 + bool(segments))
    return WorkerProgram(_without_numbers(message), chosen.engine, pieces, chosen.untiered, reducer)


def _unseparated(
    asking: tuple[Program, str, Mapping[str, tuple[int, ...]], tuple[str, ...]],
    ndim: int,
    job: CompileJob,
    device: Device,
    given: GivenTables,
    exact: Sequence[BoundTable],
) -> tuple[ReverseBlock, StructuredEngine]:
    """What computes pull-backs without products of exponentials, and its engine of all points."""
    plan = planned(*asking, multiplying=False)
    number = whole_stage(plan, ndim)
    whole = asking[0] if number is None else plan.stages[number].program
    engine = StructuredEngine(whole, job.inputs, ndim, job.wanted, job.torch_dtype, device, given.bound)
    others = {
        other: _for_stage(stage_job(plan, other, device.name, given.specs, given.digest), device, None, exact)
        for other in range(len(plan.stages))
        if other != number
    }
    return ReverseBlock(plan, job.names, ndim, job.torch_dtype, others, lambda: False), engine


def _for_stage(
    job: CompileJob, device: Device, tier: Tier | None, tables: Sequence[BoundTable]
) -> StructuredEngine | TieredEngine:
    """The engine of a stage of some of the dims."""
    direct = StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, device, tables)
    return direct if tier is None else TieredEngine(direct, tier, tier.add(job, direct))


def _of_stages(whole: _Chosen, others: Sequence[StructuredEngine | TieredEngine]) -> tuple[_Chosen, Callable[[], bool]]:
    """The engine that speaks for those of all stages, and what tells whether compiled code of all is ready."""
    tiered = [each for each in others if isinstance(each, TieredEngine)]
    if not isinstance(whole.engine, TieredEngine) or len(tiered) < len(others):
        return whole, lambda: False
    engine = StagedEngine(whole.engine, tiered)
    return whole._replace(engine=engine), lambda: engine.is_ready


def _unused(message: pb.Plan, names: Sequence[str]) -> list[int]:
    """The positions of inputs that the function does not use, where that shows without deriving it."""
    if message.WhichOneof("function") == "registered" or message.derived:
        return []
    used = parse(message.expression, names, specs_of_plan(message.tables)).inputs
    return [position for position, name in enumerate(names) if name not in used]


def _residuals(
    asked: pb.PlanReduction, axes: Mapping[str, tuple[int, ...]], ndim: int, device: Device, given: GivenTables
) -> GridResiduals:
    rule = LeastSquaresRule(Loss(asked.loss or "linear", asked.loss_scale or 1.0), skip_nan=asked.skip_nan)
    return GridResiduals(_weights(asked.data, axes, ndim, device, given), rule)


def _weights(text: str, axes: Mapping[str, tuple[int, ...]], ndim: int, device: Device, given: GivenTables) -> Weights:
    """What computes weights or data, which may call tables."""
    check_lengths(parse(text, list(axes), given.specs).nodes, given)
    return point_weights(text, axes, ndim, device, given.specs, given.bound)


def _combining(message: pb.Plan) -> WorkerProgram:
    """The program that puts together what is kept of segments."""
    (states,), asked = message.inputs, message.reduction
    ndim, dtype = len(states.dims), KINDS[asked.kind].dtype or message.dtype
    pieces = PieceReader([tuple(range(ndim))], ndim, asked.planes, dtype, ndim - 2)
    return WorkerProgram(message, StateCombiner(asked.kind), pieces, "it adds up what was computed of a large grid")


def _without_numbers(message: pb.Plan) -> pb.Plan:
    """A plan as it is kept: tables have their numbers where they are looked up."""
    if not message.tables:
        return message
    kept = pb.Plan()
    kept.CopyFrom(message)
    for table in kept.tables:
        table.ClearField("table")
    return kept


def read_dtype(name: str) -> torch.dtype:
    """The dtype of a name.

    Raises:
        InternalError: it is neither "float32" nor "float64".
    """
    known = {"float32": torch.float32, "float64": torch.float64}
    if name not in known:
        raise InternalError("batch.plan.dtype", repr(name), "please report it")
    return known[name]


def _for_registered(
    found: Registration, names: list[str], wanted: tuple[tuple[int, ...], ...], dtype: torch.dtype, device: Device
) -> _Chosen:
    _refuse_unserved(found, wanted, dtype)
    function, components = bind(found, names, dtype, device.torch_device), len(found.components)
    engine: Engine | None = None
    if found.layers:
        engine = layers_engine(found, found.layers, names, wanted, dtype, device)
    if engine is None:
        engine = FunctionalEngine(function, wanted, components, dtype, device, found.mode)
    return _Chosen(engine, components, "it is a registered function, and only expressions are compiled")


def _refuse_unserved(found: Registration, wanted: tuple[tuple[int, ...], ...], dtype: torch.dtype) -> None:
    """Refuses what the function is not served for.

    Raises:
        RequestError: a derivative of higher order than the function is right to, or float32 where it is not.
    """
    asked = max(map(len, wanted), default=0)
    if found.order is not None and asked > found.order:
        why = f": {found.why_no_more}" if found.why_no_more else ""
        what = f"order {asked} of {found.name!r}, which is served to order {found.order}{why}"
        raise RequestError("derivatives", what, f"ask for order {found.order} at most")
    if found.why_no_float32 and dtype == torch.float32:
        what = f"float32 of {found.name!r}, which is served in float64 alone: {found.why_no_float32}"
        raise RequestError("dtype", what, 'ask for dtype="float64"')


def _source(
    message: pb.Plan, names: Sequence[str], planes: int, engine: EngineName
) -> tuple[Program | DerivedPlan, str]:
    """What an expression comes as, parsed here or derived elsewhere, and its canonical text."""
    if message.derived:
        return read_derived(message.derived, planes), message.expression
    if message.tables and engine == "structured":
        return _derived(message)
    program = parse(message.expression, names, specs_of_plan(message.tables))
    return program, program.text


def _derived(message: pb.Plan) -> tuple[DerivedPlan, str]:
    """An expression that calls tables, derived here: once for all numbers that these have."""
    dims = list(dict.fromkeys(dim for each in message.inputs for dim in each.dims))
    inputs = tuple([(each.name, sum(1 << dims.index(dim) for dim in each.dims)) for each in message.inputs])
    wanted = tuple([tuple([inputs[place][0] for place in each.wrt]) for each in message.derivatives])
    return _derived_once(message.expression, inputs, wanted, specs_of_plan(message.tables))


@functools.lru_cache(maxsize=64)
def _derived_once(
    text: str, inputs: tuple[tuple[str, int], ...], wanted: tuple[tuple[str, ...], ...], tables: tuple[TableSpec, ...]
) -> tuple[DerivedPlan, str]:
    program = parse(text, [name for name, _ in inputs], tables)
    return derive_plan(program, wanted, dict(inputs)), program.text


def _for_expression(
    source: Program | DerivedPlan,
    job: CompileJob,
    device: Device,
    engine: EngineName,
    tier: Tier | None,
    tables: Sequence[BoundTable],
) -> _Chosen:
    untiered = "the server computes expressions by the functional engine, which has no tiers"
    if isinstance(source, DerivedPlan) or engine == "structured":
        components = len(source.outputs) // (len(job.wanted) if isinstance(source, DerivedPlan) else 1)
        direct = StructuredEngine(source, job.inputs, job.ndim, job.wanted, job.torch_dtype, device, tables)
        if tier is None:
            return _Chosen(direct, components, "the server was started with --no-compile")
        return _Chosen(TieredEngine(direct, tier, tier.add(job, direct)), components, "")
    functional = expression_engine(source, job.names, job.wanted, job.torch_dtype, device, tables)
    return _Chosen(functional, len(source.outputs), untiered)


def _registration(name: str, registered: Mapping[str, Registration]) -> Registration:
    found = registered.get(name)
    if found is None:
        remedy = f"use one of {', '.join(registered) or '(none is registered)'}"
        raise UnknownFunctionError("function.registered", f"no function {name!r} is registered", remedy)
    return found
