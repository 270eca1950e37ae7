"""Files of formulas: TOML, in which each table with an expression is a formula and its name that of the table."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gridgrad_server.formulas.formula import (
    FormulaFileError,
    FormulaInput,
    FormulaSample,
    NamedFormula,
    WrongFormulaError,
)
from gridgrad_server.formulas.formula_tables import read_tables

__all__ = ["FormulaFile", "files_of", "read_file"]

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_MOST_NAME = 200
_RTOL = 1e-9
_KEYS = ("expression", "doc", "inputs", "tables", "unit", "units", "samples")
_INPUT_KEYS = ("unit", "default")
_SAMPLE_KEYS = ("inputs", "value", "rtol", "atol")


class FormulaFile(NamedTuple):
    """What a file has.

    Args:
        formulas: that are well formed, in its order.
        refused: why each of the others is not, by name.
    """

    formulas: tuple[NamedFormula, ...]
    refused: dict[str, str]


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files that paths name, each once: themselves, or those of a directory that end in .toml, in order of names.

    Raises:
        FormulaFileError: a path names none.
    """
    return list(dict.fromkeys(file for path in paths for file in _files_at(path)))


def _files_at(path: Path) -> list[Path]:
    found = sorted(path.glob("*.toml")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise FormulaFileError(f"--expressions {path}: no file there; name a TOML file, or a directory of some")
    return found


def read_file(path: Path) -> FormulaFile:
    """Reads a file.

    Raises:
        FormulaFileError: it can't be read, or is no TOML.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FormulaFileError(f"{path} can't be read: {error.strerror}; let the server's user read it") from None
    except UnicodeDecodeError as error:
        raise FormulaFileError(f"{path}: byte {error.start} is no UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise FormulaFileError(f"{path} is no TOML: {error}; mend it there") from None
    formulas, refused = [], {}
    for name, table in _tables((), content):
        try:
            formulas.append(_formula(name, table, path.parent))
        except WrongFormulaError as error:
            refused[name] = str(error)
    return FormulaFile(tuple(formulas), refused)


def _tables(path: tuple[str, ...], content: Any) -> Iterator[tuple[str, Any]]:
    """What is to be a formula, with its name: each table with an expression, and what is no table of such."""
    if isinstance(content, dict) and (content or not path) and not ("expression" in content and path):
        for key, inner in content.items():
            yield from _tables((*path, key), inner)
    else:
        yield ".".join(path), content


def _formula(name: str, table: Any, folder: Path) -> NamedFormula:
    parts = name.split(".")
    if not all(map(_NAME.fullmatch, parts)) or len(name) > _MOST_NAME:
        raise WrongFormulaError(f"no name of a formula; use letters, digits, _ and -, at most {_MOST_NAME} in all")
    if not isinstance(table, dict) or not isinstance(table.get("expression"), str):
        raise WrongFormulaError("stands in no table with an expression; write expression = '...' into its table")
    _check_keys(table, _KEYS, "")
    doc = table.get("doc", "")
    if not _is_text(doc):
        raise WrongFormulaError("doc is no text; put it in quotes")
    samples = _listed(table.get("samples", []), "samples")
    inputs = tuple(_inputs(table["inputs"])) if "inputs" in table else None
    read = tuple(_sample(f"samples[{i}]", each) for i, each in enumerate(samples))
    tables = read_tables(folder, _table(table.get("tables", {}), "tables"))
    return NamedFormula(name, table["expression"], doc, inputs, _units(table), read, tables)


def _units(table: Mapping[str, Any]) -> tuple[str, ...]:
    if "unit" in table and "units" in table:
        raise WrongFormulaError("has both unit and units; write units where there are several components")
    units = table.get("units", [table["unit"]] if "unit" in table else [])
    if not isinstance(units, list) or not all(map(_is_text, units)):
        raise WrongFormulaError("has wrong units; write unit = 'Pa', or units with a text for each component")
    return tuple(units)


def _inputs(table: Any) -> Iterator[FormulaInput]:
    for name, said in _table(table, "inputs").items():
        place = f"inputs.{name}"
        if not (name.isascii() and name.isidentifier()):
            raise WrongFormulaError(f"{place} is no name of an input; use letters, digits and _")
        _check_keys(_table(said, place), _INPUT_KEYS, place)
        unit = said.get("unit", "")
        if not _is_text(unit):
            raise WrongFormulaError(f"{place}.unit is no text; put it in quotes")
        yield FormulaInput(name, _number(said["default"], f"{place}.default") if "default" in said else None, unit)


def _sample(place: str, table: Any) -> FormulaSample:
    _check_keys(_table(table, place), _SAMPLE_KEYS, place)
    if "value" not in table:
        raise WrongFormulaError(f"{place} has no value; say what the formula gives there")
    given = _table(table.get("inputs", {}), f"{place}.inputs")
    value = table["value"]
    values = [_number(each, f"{place}.value") for each in (value if isinstance(value, list) else [value])]
    inputs = {name: _number(each, f"{place}.inputs.{name}") for name, each in given.items()}
    rtol, atol = (_number(table.get(key, usual), f"{place}.{key}") for key, usual in (("rtol", _RTOL), ("atol", 0.0)))
    if not (rtol >= 0 and atol >= 0):
        raise WrongFormulaError(f"{place}.rtol or atol is below 0; say how far the value may be off")
    return FormulaSample(inputs, tuple(values), rtol, atol)


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            where = f"{place}.{key}" if place else key
            raise WrongFormulaError(f"{where} means nothing here; there are {', '.join(known)}")


def _table(found: Any, place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise WrongFormulaError(f"{place} is no table; write it as {place.split('[')[0]} = {{...}}")
    return found


def _listed(found: Any, place: str) -> list[Any]:
    if not isinstance(found, list):
        raise WrongFormulaError(f"{place} is no list; write each as [[....{place}]]")
    return found


def _number(found: Any, place: str) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise WrongFormulaError(f"{place} is {found!r}, no number; write one")
    try:
        return float(found)
    except OverflowError:
        raise WrongFormulaError(f"{place} is a larger number than float64 has; write a smaller one") from None


def _is_text(found: object) -> bool:
    return isinstance(found, str)
