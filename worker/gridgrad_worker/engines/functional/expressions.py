"""The functional engine for expressions: it computes the derived program at each point, as the other tiers do.

So all of them have the same derivatives at corners and edges too. What is too large to be derived is differentiated by
torch, with the rules of the table alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.tables.lookups import with_lookups
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.torch_ops.evaluate import torch_function
from gridgrad_worker.torch_ops.lookups import BoundTable, looking_up

__all__ = ["expression_engine"]


def expression_engine(
    program: Program,
    names: Sequence[str],
    wanted: Sequence[Derivative],
    dtype: torch.dtype,
    device: Device,
    tables: Sequence[BoundTable] = (),
) -> FunctionalEngine:
    """The functional engine of an expression.

    Args:
        program: the expression.
        names: its inputs, in the order of those of tiles.
        wanted: the derivatives in the order of the results, by positions of inputs.
        dtype: computed in throughout.
        device: computed on.
        tables: that the program calls.

    Raises:
        TooLargeError: it calls tables, and is too large to be derived.
    """
    components = len(program.components)
    try:
        planes = _derived(program, names, wanted, dtype, tables)
    except TooLargeError:
        if tables:
            raise
        return FunctionalEngine(torch_function(program, names, dtype), wanted, components, dtype, device)
    return FunctionalEngine(planes, [()], len(wanted) * components, dtype, device)


def _derived(
    program: Program,
    names: Sequence[str],
    wanted: Sequence[Derivative],
    dtype: torch.dtype,
    tables: Sequence[BoundTable],
) -> Callable[..., tuple[Tensor, ...]]:
    """A function that computes the wanted derivatives of all components, in wire order."""
    derivatives = [tuple(names[position] for position in each) for each in wanted]
    derived = derive(program, derivatives)
    places = {node: place for place, node in enumerate(derived.program.outputs)}
    order = [places[node] for derivative in derivatives for node in derived.outputs_of(derivative)]
    function = torch_function(with_lookups(derived.program), names, dtype)

    def planes(*arguments: Tensor) -> tuple[Tensor, ...]:
        with looking_up(tables):
            found = function(*arguments)
        return tuple(found[place] for place in order)

    return planes
