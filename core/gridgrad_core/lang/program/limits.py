"""The limits of a program: what keeps a text from a stranger from costing much."""

from __future__ import annotations

from gridgrad_core import grid

__all__ = [
    "MAX_COMPONENTS",
    "MAX_DERIVED",
    "MAX_INPUTS",
    "MAX_LOCAL_CALLS",
    "MAX_NAME",
    "MAX_NESTED_TERMS",
    "MAX_NESTING",
    "MAX_NUMBER",
    "MAX_OPERATIONS",
    "MAX_QUADRATURE",
    "MAX_SOLVE_DEPTH",
    "MAX_TERMS",
    "MAX_TERMS_OF_INPUTS",
    "MAX_TEXT",
    "MAX_UNKNOWNS",
    "MAX_WRITTEN_OUT",
    "STEP_NODES",
    "STEP_TANGENTS",
    "STEP_TOKENS",
    "WRITTEN_OUT",
]

MAX_TEXT = 2**20
"""Characters of a text; of the canonical text too, so that it can always be parsed again."""

MAX_OPERATIONS = 100_000
"""Different operations, inputs and constants."""

MAX_DERIVED = 500_000
"""Operations of a program and its derivatives, those in between included."""

MAX_NESTING = 500
"""Parentheses, signs, powers and conditions inside each other."""

MAX_INPUTS = grid.MAX_INPUTS + grid.MAX_SCALARS
"""Names that are not assigned; as many as a request can have."""

MAX_COMPONENTS = 64
"""Components of a tuple."""

MAX_LOCAL_CALLS = 256
"""Calls of solve, sum, prod and integrate in a text; of the canonical text too, so that it can be parsed again."""

MAX_TERMS = 100_000
"""Terms of a sum between constant bounds."""

MAX_TERMS_OF_INPUTS = 10_000
"""Terms of a sum at a point, where a bound is no constant."""

MAX_NESTED_TERMS = 10_000_000
"""Terms at a point of sums between constants, and points of integrals, that stand one within another."""

MAX_QUADRATURE = 1024
"""Points at which an integrand is computed."""

WRITTEN_OUT = 64
"""Terms up to which a sum is written out."""

MAX_WRITTEN_OUT = 10_000
"""Operations up to which a sum is written out."""

MAX_SOLVE_DEPTH = 3
"""Calls of solve inside each other."""

MAX_UNKNOWNS = 4
"""Unknowns of one call of solve."""

MAX_NAME = 64
"""Characters of a name."""

MAX_NUMBER = 400
"""Characters of a number; more than any float64 needs in full."""

STEP_TOKENS = 128
"""Tokens that one step of parsing reads: well under a millisecond."""

STEP_NODES = 256
"""Nodes that one step of ordering or printing handles."""

STEP_TANGENTS = 64
"""Nodes that one step of deriving visits."""
