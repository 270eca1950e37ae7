"""A server and its functions as the command prints them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from gridgrad.cli.tables import Table
from gridgrad.results.labels import with_unit
from gridgrad.results.server_info import FunctionInput, FunctionTable, RegisteredFunction, ServerInfo

__all__ = ["of_server", "on_functions"]


def on_functions(functions: Sequence[RegisteredFunction]) -> str:
    """Registered functions for a reader."""
    if not functions:
        registers = "gridgrad-server --functions package.module registers them, --expressions FILE names formulas"
        return f"No functions are registered; {registers}."
    return "\n\n".join(_function(function) for function in functions)


def of_server(address: str, info: ServerInfo) -> Table:
    """A server for a reader, a row for each thing to know."""
    limits = info.limits._asdict().items()
    return Table(
        (
            ("server", f"{address}, version {info.version}"),
            ("devices", ", ".join(info.devices) or "none"),
            ("engine", info.engine),
            ("features", ", ".join(sorted(info.features)) or "those of version 0.1.0"),
            *((f"most {name.replace('_', ' ')}", f"{limit:,}" if limit else "none") for name, limit in limits),
            ("language", ", ".join(function.name for function in info.language_functions)),
        ),
        head=False,
    )


def _function(function: RegisteredFunction) -> str:
    inputs = ", ".join((*map(_input, function.inputs), *map(_table, function.tables)))
    gives = f" -> {', '.join(_outputs(function))}" if function.tuple_valued or function.component_units else ""
    checked = "derivatives checked" if function.checked else "derivatives NOT checked"
    doc = "".join(f"\n  {line.strip()}" for line in function.doc.strip().splitlines())
    computed = _engine(function) if function.mode == "expression" else f"{_engine(function)}, {checked}"
    why = f"\n  No expression: {function.why_functional}." if function.why_functional else ""
    return f"{function.name}({inputs}){gives}   [{computed}]{doc}{why}"


def _engine(function: RegisteredFunction) -> str:
    """What computes a function."""
    if not function.digest:
        return f"{function.mode} mode"
    to_order = f" to order {function.expression_order}" if function.expression else ""
    return f"expression {function.digest[:12]}{to_order}"


def _outputs(function: RegisteredFunction) -> Iterator[str]:
    for name, unit in itertools.zip_longest(function.components, function.component_units, fillvalue=""):
        yield with_unit(name, unit)


def _table(given: FunctionTable) -> str:
    shape = "x".join(map(str, given.shape))
    return f"{given.name}={given.method} of {shape} [{given.digest[:12]}]"


def _input(given: FunctionInput) -> str:
    default = f"={given.default:g}" if given.default is not None else ""
    return with_unit(given.name + default, given.unit)
