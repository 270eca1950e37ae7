"""The values of a table as what derivatives are taken by: an input to the caller, a scalar for each to the program."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridgrad.arguments.coefficients import Shape, element_names
from gridgrad.arguments.inputs import FloatArray, Input
from gridgrad.arguments.lookup_table import GivenTable, LookupTable
from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.grid import MAX_SCALARS
from gridgrad_core.lang.program.program import Program

if TYPE_CHECKING:
    from gridgrad_core.tables.table_numbers import TableNumbers

__all__ = ["TableValues", "moved_by", "values_of"]


class TableValues(NamedTuple):
    """A table by whose values derivatives are asked for.

    Args:
        given: the table.
        elements: the names of the scalars by which its values are moved, in C order.
    """

    given: GivenTable
    elements: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.given.name

    @property
    def shape(self) -> Shape:
        """The shape of its values; of some of them [values, components], with one dim where it has no components."""
        table = self.given.table
        if table.which is None:
            return table.numbers.values.shape
        count = table.numbers.components
        return (len(table.which) // count, count) if count else (len(table.which),)

    @property
    def names(self) -> tuple[str, ...]:
        """What the scalars are called."""
        return element_names(self.name, self.shape)

    @property
    def input(self) -> Input:
        """Its values as one input, to be shown with a result."""
        axes = [self.name] if len(self.shape) == 1 else [f"{self.name}_{axis}" for axis in range(len(self.shape))]
        return Input(self.name, tuple(axes), self._values)

    @property
    def _values(self) -> FloatArray:
        table = self.given.table
        return table.values if table.which is None else table.values.reshape(-1)[table.which].reshape(self.shape)

    def scalars(self, unused: Collection[str] = ()) -> list[Input]:
        """By how much each of its values is moved, which is not at all.

        Args:
            unused: the names of those that are left out.
        """
        return [Input(name, (), np.zeros(())) for name in self.elements if name not in unused]


def values_of(
    tables: Sequence[GivenTable], taken: Collection[str], order_by: Callable[[str], int]
) -> tuple[TableValues, ...]:
    """The values of tables that derivatives are asked by.

    Args:
        tables: the tables.
        taken: names that inputs and variables have.
        order_by: the highest order of a derivative by the values of a table, by its name.

    Raises:
        RequestError: a table has no such derivatives, or something else is called like one of its values.
        TooLargeError: it has too many values.
    """
    found = []
    for given in tables:
        _check(given, order_by(given.name))
        names = TableValues(given, ()).names
        clash = {given.name, *names}.intersection(taken)
        if clash:
            remedy = f"rename one: for derivatives by the values of {given.name!r} these are {names[0]} and so on"
            raise RequestError("inputs", f"{min(clash)!r} twice", remedy)
        taken = {*taken, *names}
        found.append(TableValues(given, names))
    return tuple(found)


def _check(given: GivenTable, order: int) -> None:
    from gridgrad_core.tables.basis import LINEAR_IN_VALUES

    numbers = given.table.numbers
    if numbers.method not in LINEAR_IN_VALUES and order > 1:
        found = f"a derivative of order {order} by the values of {given.name!r}, whose method {numbers.method!r} is not"
        linear = ", ".join(map(repr, sorted(LINEAR_IN_VALUES)))
        remedy = f"ask for those of order 1 by them, or give it by one of the methods {linear}"
        raise RequestError("derivatives", f"{found} linear in them", remedy)
    if given.table.which is None and numbers.values.size > MAX_SCALARS:
        found = f"derivatives by the {numbers.values.size:,} values of {given.name!r}, a grid for each"
        remedy = "ask client.gradient for first derivatives, without reduce= and out=, or client.pullback"
        remedy = f"{remedy}: elsewhere it is {MAX_SCALARS}"
        raise TooLargeError("derivatives", found, remedy)


def moved_by(
    program: Program, asked: Sequence[TableValues], taken: Collection[str]
) -> tuple[Program, tuple[GivenTable, ...]]:
    """A program with the scalars by which tables are moved, and the tables that say what each value counts.

    Args:
        program: that calls the tables.
        asked: whose values are moved.
        taken: names that no table can have.
    """
    from gridgrad_core.lang.tables.by_values import MovedTable, with_values_moved
    from gridgrad_core.tables.basis import LINEAR_IN_VALUES, basis_tables
    from gridgrad_core.wire.table_specs import MAX_COMPONENTS

    spare = (name for name in (f"basis{n}" for n in itertools.count()) if name not in taken)
    numbered = {name: number for number, name in enumerate(name for each in program.tables for name in each.names)}
    first, added, moved = len(numbered), list[GivenTable](), dict[int, MovedTable]()
    for each in asked:
        table, last = each.given.table, first
        made: list[TableNumbers] = []
        for component, (called, names) in enumerate(_by_component(each)):
            if called not in numbered:
                continue
            if not made or table.numbers.method not in LINEAR_IN_VALUES:
                made = basis_tables(table.numbers, table.turned, MAX_COMPONENTS, component, _of_component(table))
                first = last
                added += [GivenTable(next(spare), LookupTable(numbers)) for numbers in made]
                last += sum(numbers.components for numbers in made)
            moved[numbered[called]] = MovedTable(names, first)
        first = last
    return with_values_moved(program, moved, [each.spec for each in added]), tuple(added)


def _of_component(table: LookupTable) -> range | None:
    """Which of the values of each component derivatives are by."""
    count = max(1, table.numbers.components)
    return None if table.which is None else range(table.which.start // count, table.which.stop // count)


def _by_component(asked: TableValues) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What each component is called, and the names of its values."""
    spec = asked.given.spec
    count = len(spec.names)
    for component, called in enumerate(spec.names):
        yield called, asked.elements[component::count]
