"""Fluids of files as CoolProp and teqp have them, made into expressions with exact derivatives."""

from __future__ import annotations

from gridgrad.fluids.fluid import Fluid, read_fluid
from gridgrad.fluids.properties import PROPERTIES

__all__ = ["PROPERTIES", "Fluid", "read_fluid"]
