"""The program that is run: separated where that saves operations and changes nothing but rounding."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping

from gridgrad_core.lang.program.program import Program
from gridgrad_core.version import __version__
from gridgrad_worker.engines.structured.planning.agreement import Deviation, deviation
from gridgrad_worker.engines.structured.planning.separate import SeparatedProgram, separate

__all__ = ["rewrite"]

_log = logging.getLogger(__name__)

_SHOWN = 2000
_REMEMBERED = 1024


def rewrite(derived: Program, inputs: Mapping[str, int]) -> SeparatedProgram:
    """Separates the sums of a program; what would then have other values at a random point stays as it is written.

    Args:
        derived: computes a function and its derivatives.
        inputs: the mask of each input.
    """
    separated = separate(derived.nodes, derived.outputs, inputs)
    if not separated.checked:
        return separated
    found = deviation((derived.nodes, derived.outputs), (separated.nodes, separated.outputs))
    if found is None:
        return separated
    _report(derived, found, tuple(inputs.items()))
    return SeparatedProgram(list(derived.nodes), derived.outputs, (), (), 0.0)


@functools.lru_cache(maxsize=_REMEMBERED)
def _report(derived: Program, found: Deviation, inputs: tuple[tuple[str, int], ...]) -> None:
    """Logs a mistake of the rewriting, once for a program."""
    text = derived.text if len(derived.text) <= _SHOWN else f"{derived.text[:_SHOWN]} ..."
    dims = {name: [dim for dim in range(mask.bit_length()) if mask >> dim & 1] for name, mask in inputs}
    _log.error(
        "a program was rewritten wrongly, and is computed as it was written, which is right but slower: %s became %r "
        "in place of %r ± %.3g at a random point; please report this with gridgrad %s, dims %s and the program %r",
        derived.components[found.output], found.rewritten, found.written, found.allowed, __version__, dims, text,
    )  # fmt: skip
