"""Formulas in the notations of other packages, made into programs with what they mean there."""

from __future__ import annotations

from gridgrad.formats.read import DIALECTS, read
from gridgrad.formats.sbml import KineticLaw, kinetic_laws
from gridgrad.formats.trees.translation import Note, Translation
from gridgrad.formats.writing import write

__all__ = ["DIALECTS", "KineticLaw", "Note", "Translation", "kinetic_laws", "read", "write"]
