"""The kinetic laws of an SBML file, by libSBML.

B. J. Bornstein, S. M. Keating, A. Jouraku and M. Hucka, "LibSBML", Bioinformatics 24 (2008) 880. It resolves function
definitions and reads every level of SBML; we need not.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from gridgrad.formats.read import read
from gridgrad.formats.trees.translation import Translation
from gridgrad_core.errors import ExpressionError, RequestError
from gridgrad_core.extras import optional

__all__ = ["KineticLaw", "kinetic_laws"]


class KineticLaw(NamedTuple):
    """How fast a reaction is.

    Args:
        rate: the program, whose inputs are called as parameters, species and compartments are in the file.
        values: what the file gives them at first, in its units; species as concentrations, unless the file has them
            as amounts only. What a rule or an initial assignment determines is not among them.
    """

    rate: Translation
    values: dict[str, float]


def kinetic_laws(path: str | os.PathLike[str]) -> dict[str, KineticLaw]:
    """The kinetic laws of an SBML file, with its function definitions written out.

    Args:
        path: the file.

    Returns:
        For each reaction that has one, by its id.

    Raises:
        RequestError: it is no SBML file, or has errors.
        ExpressionError: a law can't be translated; the message names its reaction.
    """
    libsbml = optional("libsbml", "sbml")
    document = libsbml.readSBMLFromFile(os.fspath(path))
    if document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) or document.getNumErrors(libsbml.LIBSBML_SEV_FATAL):
        first = document.getErrorWithSeverity(0, libsbml.LIBSBML_SEV_ERROR) or document.getError(0)
        found = f"{os.fspath(path)!r}: line {first.getLine()}: {first.getShortMessage()}"
        raise RequestError("path", found, "give an SBML file without errors")
    model = document.getModel()
    reactions = [reaction for reaction in model.getListOfReactions() if reaction.isSetKineticLaw()]
    return {reaction.getId(): _law(libsbml, model, reaction) for reaction in reactions}


def _law(libsbml: Any, model: Any, reaction: Any) -> KineticLaw:
    law = reaction.getKineticLaw()
    formula = law.getMath().deepCopy()
    libsbml.SBMLTransforms.replaceFD(formula, model.getListOfFunctionDefinitions())
    try:
        rate = read(libsbml.writeMathMLToString(formula), "mathml")
    except ExpressionError as error:
        where = f"reaction {reaction.getId()}: {error.field}"
        raise ExpressionError(where, error.found, error.remedy) from None
    local = {each.getId(): each for each in (*law.getListOfParameters(), *law.getListOfLocalParameters())}
    found = {name: _first_value(model, name, local) for name in rate.inputs}
    return KineticLaw(rate, {name: value for name, value in found.items() if value is not None})


def _first_value(model: Any, name: str, local: dict[str, Any]) -> float | None:
    if name in local:
        return float(local[name].getValue()) if local[name].isSetValue() else None
    if model.getAssignmentRule(name) or model.getInitialAssignment(name):
        return None
    if species := model.getSpecies(name):
        return _first_amount(model, species)
    if compartment := model.getCompartment(name):
        return float(compartment.getSize()) if compartment.isSetSize() else None
    parameter = model.getParameter(name)
    return float(parameter.getValue()) if parameter is not None and parameter.isSetValue() else None


def _first_amount(model: Any, species: Any) -> float | None:
    """An amount where the file has the species as one, else a concentration."""
    size = model.getCompartment(species.getCompartment()).getSize()
    if species.isSetInitialConcentration():
        value, factor = species.getInitialConcentration(), size
    elif species.isSetInitialAmount():
        value, factor = species.getInitialAmount() / size, size
    else:
        return None
    return float(value * factor if species.getHasOnlySubstanceUnits() else value)
