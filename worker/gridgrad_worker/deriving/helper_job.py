"""What a helper does: one job in, one answer out."""

from __future__ import annotations

import logging

from gridgrad_core.errors import GridgradError, InternalError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.wire.failures import failure_message
from gridgrad_core.wire.table_specs import specs_of_plan
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.structured.planning.derived_plan import derive_plan, written_down
from gridgrad_worker.engines.structured.planning.explain import explanation_of

__all__ = ["answer"]

_log = logging.getLogger("gridgrad_worker")


def answer(job: pb.HelperJob) -> pb.HelperAnswer:
    """Does a job; what goes wrong with it is its answer.

    Raises:
        MemoryError: it takes more than there is.
    """
    try:
        return _done(job)
    except GridgradError as error:
        return pb.HelperAnswer(failure=failure_message(error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a defect here is told as one
        _log.exception("a helper failed; please report it")
        found = f"{type(error).__name__}: {error}"
        internal = InternalError("", found, "please report it, with the request that caused it")
        return pb.HelperAnswer(failure=failure_message(internal))


def _done(job: pb.HelperJob) -> pb.HelperAnswer:
    match job.WhichOneof("kind"):
        case "parse":
            return pb.HelperAnswer(parsed=_parsed(job.parse))
        case "derive":
            return pb.HelperAnswer(derived=_derived(job.derive))
        case _:
            return pb.HelperAnswer(explanation=explanation_of(job.explain))


def _parsed(source: pb.SourceText) -> pb.ParsedText:
    program = parse(source.text, source.inputs, specs_of_plan(source.tables))
    return pb.ParsedText(
        text=program.text,
        digest=program.digest,
        components=program.components,
        tuple_valued=program.tuple_valued,
        inputs=program.inputs,
        assigned=sorted(program.assigned),
        operations=program.operations,
        called=program.called,
    )


def _derived(plan: pb.Plan) -> bytes:
    names = [each.name for each in plan.inputs]
    dims = list(dict.fromkeys(dim for each in plan.inputs for dim in each.dims))
    masks = {each.name: sum(1 << dims.index(dim) for dim in each.dims) for each in plan.inputs}
    derivatives = [tuple(names[i] for i in each.wrt) for each in plan.derivatives]
    return written_down(derive_plan(parse(plan.expression, names, specs_of_plan(plan.tables)), derivatives, masks))
