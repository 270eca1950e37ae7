"""The way in: a text in a notation that its caller names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gridgrad.formats.notations.exprtk import read_exprtk
from gridgrad.formats.notations.fparser import read_fparser
from gridgrad.formats.notations.lammps import read_lammps
from gridgrad.formats.notations.lepton import read_lepton
from gridgrad.formats.notations.mathml import read_mathml
from gridgrad.formats.notations.muparser import read_muparser
from gridgrad.formats.trees.translation import Translation
from gridgrad_core.errors import ExpressionError, RequestError
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["DIALECTS", "read"]

_READERS: Mapping[str, Callable[[str], Translation]] = {
    "lepton": read_lepton,
    "exprtk": read_exprtk,
    "muparser": read_muparser,
    "lammps": read_lammps,
    "fparser": read_fparser,
    "mathml": read_mathml,
}

DIALECTS = tuple(_READERS)
"""The notations that `read` knows."""


def read(text: str, dialect: str) -> Translation:
    """The program of a formula in the notation of another package, with the meaning that it has there.

    Args:
        text: the formula, with its definitions.
        dialect: which notation; it is never guessed. "lepton" is that of OpenMM, PLUMED and LAMMPS's pair_style lepton,
            "exprtk" of VTK and OpenTURNS, "muparser" of deal.II and FEniCS, "lammps" of LAMMPS's variables, "fparser"
            of MOOSE and libMesh, "mathml" of SBML.

    Returns:
        What `Client.gradient` takes as its function, with `notes` of what was written otherwise.

    Raises:
        RequestError: no such notation, or no text.
        ExpressionError: the text is none of that notation, or has what can't be translated; the message has the place.
    """
    reader = _READERS.get(dialect)
    if reader is None:
        raise RequestError("dialect", f"{dialect!r}", f"give one of those that can be read: {', '.join(DIALECTS)}")
    if not isinstance(text, str):
        raise RequestError("text", f"a {type(text).__name__}", 'give the formula as a text: read("4*x^2", "lepton")')
    if len(text) > limits.MAX_TEXT:
        found = f"a text of {len(text):,} characters"
        raise ExpressionError("text", found, f"split it into several; at most {limits.MAX_TEXT:,} characters")
    try:
        return reader(text)
    except Mistake as mistake:
        raise mistake.error(text) from None
