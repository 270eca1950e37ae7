"""What a formula file says of a formula, and that of a file which can't be used."""

from __future__ import annotations

from typing import NamedTuple

from gridgrad_server.requests.decoded import DecodedTable

__all__ = [
    "FormulaFileError",
    "FormulaInput",
    "FormulaSample",
    "FormulaTable",
    "NamedFormula",
    "WrongFormulaError",
]


class FormulaFileError(ValueError):
    """A file of formulas can't be used. The operator's fault; the message says what to do."""


class WrongFormulaError(ValueError):
    """A formula of a file can't be used. The operator's fault; the message says what to do."""


class FormulaInput(NamedTuple):
    """An input of a formula.

    Args:
        name: its name.
        default: the value taken when a request leaves it out; None when it must be given.
        unit: for a reader, such as "K"; may be empty.
    """

    name: str
    default: float | None = None
    unit: str = ""


class FormulaTable(NamedTuple):
    """A table that a formula calls, or an array that it sums over.

    Args:
        table: with its numbers.
        method: how these are joined, "array" for an array.
        shape: of its values.
    """

    table: DecodedTable
    method: str
    shape: tuple[int, ...]

    @property
    def name(self) -> str:
        """What the formula calls it by."""
        return self.table.spec.name


class FormulaSample(NamedTuple):
    """A point, and what a formula gives there.

    Args:
        inputs: the value of each input, but for those whose default is meant.
        values: of each component.
        rtol: how far a value may be off, as a part of the stated one.
        atol: and how far besides, in its unit.
    """

    inputs: dict[str, float]
    values: tuple[float, ...]
    rtol: float
    atol: float


class NamedFormula(NamedTuple):
    """A formula as its file has it.

    Args:
        name: by which it is called.
        text: the expression.
        doc: what it computes, for a reader.
        inputs: all of them, in the file's order; None for those of the text, without units and defaults.
        units: of its components, for a reader; none where it has none.
        samples: that it must agree with.
        tables: that it calls or sums over, where a request has no others of their names.
    """

    name: str
    text: str
    doc: str = ""
    inputs: tuple[FormulaInput, ...] | None = None
    units: tuple[str, ...] = ()
    samples: tuple[FormulaSample, ...] = ()
    tables: tuple[FormulaTable, ...] = ()
