"""What the guard decides by, as tables in C++, for `cpp/close_look.h` to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridgrad_worker.engines.compiled.codegen.row_layout import LevelLayout
from gridgrad_worker.engines.compiled.codegen.torch_recorder import literal
from gridgrad_worker.engines.structured.planning.guard import Guard

__all__ = ["double", "guard_tables"]


def guard_tables(guard: Guard | None, levels: Sequence[LevelLayout]) -> str:
    """A class with the tables of a guard; without one, of a guard that watches nothing.

    Args:
        guard: decides about a plan.
        levels: of the plan.
    """
    columns = _columns(guard, levels) if guard else {}
    constants = [f"{{{', '.join(map(double, each))}}}" for each in guard.constants.values()] if guard else []
    terms = list(_terms(guard, columns)) if guard else []
    limits = guard.limits if guard else (0.0, 0.0, 0.0)
    return (
        "    struct GuardTables {\n"
        f"        static constexpr int SUMS = {len(guard.sums) if guard else 0};\n"
        f"        static constexpr int TERMS[] = {{{', '.join(map(str, terms or [0]))}}};\n"
        f"        static constexpr double CONSTANTS[][3] = {{{', '.join(constants or ['{0, 0, 0}'])}}};\n"
        + "".join(
            f"        static constexpr double {name} = {double(limit)};\n"
            for name, limit in zip(("LEAST", "LARGEST", "UNSEEN"), limits, strict=True)
        )
        + "    };\n"
    )


def double(value: float) -> str:
    """A number as C++ has it, to the bit."""
    return literal(value).replace("Real", "double")


def _columns(guard: Guard, levels: Sequence[LevelLayout]) -> dict[int, int]:
    """The column of each position of what is watched: rows of levels first, then constants."""
    rows: dict[tuple[int, bool], int] = {}
    for level in levels:
        factors = level.watched[0] + level.watched[1]
        for row, step in enumerate(level.rows[: sum(level.watched)]):
            rows[step, row >= factors] = len(rows)
    constants = {position: len(rows) + n for n, position in enumerate(guard.constants)}
    return {
        position: constants[position] if position in constants else rows[step, guard.is_power(position)]
        for position, step in enumerate(guard.watched)
    }


def _terms(guard: Guard, columns: dict[int, int]) -> Iterator[int]:
    for terms in guard.sums:
        yield len(terms)
        for term in terms:
            for side in term:
                yield len(side)
                yield from (columns[position] for position in side)
