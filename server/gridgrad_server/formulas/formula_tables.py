"""The tables and arrays of a formula: numbers in its file, or in a .npy or .csv beside it.

numpy reads and checks them, which a server without such formulas does not load.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridgrad_core.errors import GridgradError
from gridgrad_core.lang.functions.tabulated import ARRAY
from gridgrad_core.lang.program.names import is_name
from gridgrad_core.wire.table_specs import spec_of
from gridgrad_server.arrays.named_arrays import NO_ARRAYS
from gridgrad_server.formulas.formula import FormulaTable, WrongFormulaError
from gridgrad_server.requests.decoded import MAX_TABLE_BYTES, DecodedTable

if TYPE_CHECKING:
    from gridgrad_core.tables.table_numbers import TableNumbers, Values

__all__ = ["read_tables"]

_AXES = ("x", "y", "z")
_KEYS = ("values", *_AXES, "method", "boundary", "outside")
_WAYS = "write [1.0, 2.0], 'numbers.npy', 'numbers.csv', or {csv = 'numbers.csv', column = 'r'}"


def read_tables(folder: Path, tables: dict[str, Any]) -> tuple[FormulaTable, ...]:
    """The tables of a formula.

    Args:
        folder: where the files lie that they name.
        tables: what the formula's file says of each, by name.

    Raises:
        WrongFormulaError: one can't be used.
    """
    read = tuple([_read(folder, name, said) for name, said in tables.items()])
    size = sum(each.table.nbytes for each in read)
    if size > MAX_TABLE_BYTES:
        raise WrongFormulaError(f"has tables of {size:,} bytes; give at most {MAX_TABLE_BYTES:,}: fewer knots")
    return read


def _read(folder: Path, name: str, said: Any) -> FormulaTable:
    from gridgrad_core.tables.table_messages import message_of

    place = f"tables.{name}"
    if not is_name(name):
        raise WrongFormulaError(f"{place} is no name of a table; use ASCII letters, digits and _")
    if not isinstance(said, dict) or "values" not in said:
        raise WrongFormulaError(f"{place} has no values; write values = [...], and x = [...] for a table's knots")
    for key in said:
        if key not in _KEYS:
            raise WrongFormulaError(f"{place}.{key} means nothing here; there are {', '.join(_KEYS)}")
    try:
        numbers = _numbers(folder, place, said).checked(place)
        message = message_of(numbers)
        table = DecodedTable(spec_of(place, name, message), message, NO_ARRAYS)
    except GridgradError as error:
        raise WrongFormulaError(f"{place}: {error.found}; {error.remedy}") from None
    return FormulaTable(table, numbers.method, numbers.values.shape)


def _numbers(folder: Path, place: str, said: dict[str, Any]) -> TableNumbers:
    from gridgrad_core.tables.table_numbers import TableNumbers

    values, axes = _array(folder, f"{place}.values", said["values"]), [name for name in _AXES if name in said]
    if axes != [*_AXES[: len(axes)]]:
        raise WrongFormulaError(f"{place} has {axes[-1]} without the axes before it; give them in order: x, y, z")
    if not axes:
        for key in ("method", "boundary", "outside"):
            if key in said:
                raise WrongFormulaError(f"{place}.{key} is of tables, and there are no knots; write x = [...]")
        return TableNumbers(values, (), ARRAY, "", "not-a-knot")
    knots = tuple([_array(folder, f"{place}.{name}", said[name]) for name in axes])
    for name, array in zip(axes, knots, strict=True):
        if array.ndim != 1:
            raise WrongFormulaError(f"{place}.{name} has the shape {list(array.shape)}; give a list of numbers")
    method, outside = said.get("method", "cubic"), said.get("outside", "nan")
    usual = "periodic" if (method, outside) == ("cubic", "periodic") else "not-a-knot"
    return TableNumbers(values, knots, method, outside, _boundary(said.get("boundary", usual)))


def _boundary(said: Any) -> Any:
    """The conditions at the ends; what is wrong with them is said by who checks the table."""
    try:
        return said if isinstance(said, str) else tuple([(int(order), float(value)) for order, value in said])
    except (TypeError, ValueError):
        return repr(said)


def _array(folder: Path, place: str, said: Any) -> Values:
    """Numbers as a file says them.

    Raises:
        WrongFormulaError: they are none.
    """
    import numpy as np

    try:
        array = _of_file(folder, said) if isinstance(said, str | dict) else np.asarray(said)
    except OSError as error:
        raise WrongFormulaError(f"{place}: {error.filename} can't be read: {error.strerror}; mend its name") from None
    except (ValueError, EOFError) as error:
        raise WrongFormulaError(f"{place} is no array of numbers ({error}); {_WAYS}") from None
    if array.dtype.kind not in "fiu" or not array.ndim:
        raise WrongFormulaError(f"{place} is no array of numbers; {_WAYS}")
    return np.array(array, "<f8", order="C")


def _of_file(folder: Path, said: str | dict[str, Any]) -> Any:
    import numpy as np

    if isinstance(said, dict):
        if said.keys() != {"csv", "column"} or not all(isinstance(each, str) for each in said.values()):
            raise ValueError(f"the keys {', '.join(said)}")
        return np.array([*_column(folder / said["csv"], said["column"])])
    if said.endswith(".npy"):
        return np.load(folder / said, mmap_mode="r", allow_pickle=False)
    if said.endswith(".csv"):
        with (folder / said).open(newline="", encoding="utf-8") as file:
            rows = np.array([[float(each) for each in row] for row in csv.reader(file) if row])
        return rows[:, 0] if rows.ndim == 2 and rows.shape[1] == 1 else rows
    raise ValueError(f"{said!r}, a name that ends in neither .npy nor .csv")


def _column(path: Path, column: str) -> Iterator[float]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        if column not in (rows.fieldnames or ()):
            raise ValueError(f"the columns of {path.name} are {', '.join(rows.fieldnames or ())}, without {column!r}")
        yield from (float(row[column] or "nan") for row in rows)
