"""Tables as users give them: functions by their values at knots, which expressions call."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from gridgrad.arguments.inputs import Inputs, plain_array
from gridgrad.arguments.linspace import Linspace
from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import ARRAY
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import field_head

if TYPE_CHECKING:
    from gridgrad_core.lang.functions.tabulated import TableSpec
    from gridgrad_core.tables.table_numbers import End, TableNumbers, Values

__all__ = ["GivenTable", "LookupTable", "array_of", "split_tables", "table"]

Method = Literal["linear", "cubic", "akima", "pchip", "hermite", "quintic"]
Outside = Literal["nan", "extrapolate", "clamp", "periodic"]

LARGE_BYTES = 1 << 12
"""What is sent once and then goes by its SHA-256."""

_FIELD = "table"
_FLOAT32 = np.dtype("float32")


class LookupTable:
    """A function by its values at knots; `table` makes one. Values and knots that change later are not in it.

    Args:
        numbers: its values, its knots, and how they are joined.
        is_single: whether its values came as float32.
        turned: along each axis whether its knots were given in descending order.
        which: of its values, counted in C order, those that derivatives by its values are by; None for all.
    """

    def __init__(
        self,
        numbers: TableNumbers,
        is_single: bool = False,
        turned: Sequence[bool] = (),
        which: range | None = None,
    ) -> None:
        self.numbers = numbers
        self.is_single = is_single
        self.turned = tuple(turned) or (False,) * len(numbers.knots)
        self.which = which
        self._sent: tuple[object, bytes] = None, b""

    def field(self, name: str, named: frozenset[bytes] = frozenset()) -> bytes:
        """The table by a name, as a field of a request; made once for requests that follow each other.

        Args:
            name: what the function calls it by.
            named: the SHA-256 of arrays that go by that alone.

        Returns:
            The serialized field.
        """
        key = name, named.intersection(self.digests)
        if self._sent[0] != key:
            form = self.identity if named.issuperset(self.digests) else self._form(named)
            self._sent = key, _table_field(name, form)
        return self._sent[1]

    @functools.cached_property
    def identity(self) -> bytes:
        """What no other table has: itself with the SHA-256 of its large arrays in place of these."""
        return self._form(frozenset(self.digests))

    def _form(self, named: frozenset[bytes] = frozenset()) -> bytes:
        """The serialized Table with the SHA-256 of large arrays, and without the numbers of those that are named."""
        from gridgrad_core.tables.table_messages import message_of, sent_array  # most callers have no table

        arrays = zip((self.numbers.values, *self.numbers.knots), self._digests, strict=True)
        sent = [sent_array(array, digest, is_named=digest in named) for array, digest in arrays]
        return message_of(self.numbers, sent).SerializeToString(deterministic=True)

    @property
    def values(self) -> Values:
        """Its values in the order in which they were given."""
        axes = tuple([self.numbers.first + axis for axis, is_turned in enumerate(self.turned) if is_turned])
        return np.flip(self.numbers.values, axes)

    @property
    def digests(self) -> tuple[bytes, ...]:
        """The SHA-256 of its large arrays."""
        return tuple(filter(None, self._digests))

    @functools.cached_property
    def _digests(self) -> tuple[bytes, ...]:
        """Of its values and knots the SHA-256 where they are large, else nothing."""
        arrays = self.numbers.values, *self.numbers.knots
        from hashlib import sha256  # it loads OpenSSL, which a client without tables need not

        return tuple([sha256(each.tobytes()).digest() if each.nbytes > LARGE_BYTES else b"" for each in arrays])

    @property
    def message(self) -> bytes:
        """The serialized Table."""
        from gridgrad_core.tables.table_messages import message_of

        return message_of(self.numbers).SerializeToString(deterministic=True)

    def spec(self, name: str) -> TableSpec:
        """What it is but for its numbers.

        Args:
            name: what the function calls it by.

        Returns:
            Its name, how many arguments and components it has, and of what degree its polynomials are.
        """
        return self.numbers.spec(name)

    def __repr__(self) -> str:
        knots = " x ".join(str(len(each)) for each in self.numbers.knots)
        return f"<gridgrad.table of {knots} knots, {self.numbers.method}, outside={self.numbers.outside!r}>"


class GivenTable:
    """A table among the inputs of a request.

    Args:
        name: what the function calls it by.
        table: the table.
    """

    __slots__ = ("name", "table")

    def __init__(self, name: str, table: LookupTable) -> None:
        self.name = name
        self.table = table

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GivenTable) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, bytes]:
        return self.name, self.table.identity

    @property
    def spec(self) -> TableSpec:
        """What it is but for its numbers."""
        return self.table.spec(self.name)


def table(
    values: ArrayLike,
    x: ArrayLike | Linspace,
    y: ArrayLike | Linspace | None = None,
    z: ArrayLike | Linspace | None = None,
    *,
    method: Method = "cubic",
    boundary: str | Sequence[tuple[int, float]] | None = None,
    outside: Outside = "nan",
) -> LookupTable:
    """A function given by its values at knots, as an input that an expression calls: {"V": gridgrad.table(v, x=r)}.

    Its derivatives are those of the polynomials between the knots, exact; at a knot those of the polynomial on the
    right, at the last one of that on the left, and 0 beyond the degree. With several axes it is a product of splines.

    Args:
        values: of shape [knots of x, knots of y, knots of z], as far as there are such, and one dim more for several
            components: of these `V(r)` is a tuple, and each is called by its number, as `V_0(r)`.
        x: the knots of the first argument, ascending or descending.
        y: those of the second, if there is one.
        z: those of the third.
        method: "cubic", the spline with a continuous second derivative; "akima" and "pchip", cubics of one
            argument that overshoot less; "hermite", cubics of one argument whose slopes at the knots are given, with
            values of shape [2, knots of x]: the values, then the slopes; "linear"; "quintic", the spline of degree 5.
        boundary: of a cubic spline the conditions at both ends: "not-a-knot", which is the default, "natural",
            "clamped", "periodic", or of one argument the order and the value of a derivative at each end:
            ((1, 0.5), (2, 0.0)).
        outside: what it is beyond the knots: "nan"; "extrapolate" by the polynomial at the end; "clamp", the value at
            the end, with derivatives 0; "periodic".

    Returns:
        What is given to `Client.gradient` among the inputs.

    Raises:
        RequestError: values or knots are none, or do not fit.

    References:
        C. de Boor, "A Practical Guide to Splines" (1978). The conventions are scipy's.
    """
    from gridgrad_core.tables.table_numbers import TableNumbers  # most callers have no table

    given = [each for each in (x, y, z) if each is not None]
    if z is not None and y is None:
        raise RequestError(_FIELD, "knots of z without knots of y", "give the axes in order: x=, y=, z=")
    array = plain_array(_FIELD, values)
    if boundary is None:
        boundary = "periodic" if outside == "periodic" and method == "cubic" else "not-a-knot"
    numbers = TableNumbers(
        _floats("its values", array), tuple(map(_knots, "xyz", given)), method, outside, _conditions(boundary)
    )
    checked = numbers.checked(_FIELD)
    turned = [given[0] != own[0] for given, own in zip(numbers.knots, checked.knots, strict=True)]
    return LookupTable(checked, array.dtype == _FLOAT32, turned)


def array_of(values: Values) -> LookupTable:
    """An array that expressions sum over.

    Args:
        values: float64, of one dim.
    """
    from gridgrad_core.tables.table_numbers import TableNumbers

    return LookupTable(TableNumbers(values, (), ARRAY, "", "not-a-knot"))


def _table_field(name: str, table: bytes) -> bytes:
    """A serialized Table as a field of a request, by the name that the function calls it by."""
    head = pb.Input(name=name).SerializeToString() + field_head(pb.Input.TABLE_FIELD_NUMBER, len(table))
    return b"".join((field_head(pb.GridGradientRequest.INPUTS_FIELD_NUMBER, len(head) + len(table)), head, table))


def split_tables(inputs: Inputs) -> tuple[Inputs, tuple[GivenTable, ...]]:
    """Inputs without tables, and the tables among them in order."""
    if not isinstance(inputs, Mapping) or not any(isinstance(each, LookupTable) for each in inputs.values()):
        return inputs, ()
    tables = [GivenTable(name, each) for name, each in inputs.items() if isinstance(each, LookupTable)]
    for each in tables:
        if not isinstance(each.name, str):
            raise RequestError("inputs", f"{each.name!r} as the name of a table", "name tables by text: {'V': table}")
    return {name: each for name, each in inputs.items() if not isinstance(each, LookupTable)}, tuple(tables)


def _knots(name: str, given: Any) -> Values:
    array = given.values() if isinstance(given, Linspace) else plain_array(_FIELD, given)
    if array.ndim != 1:
        raise RequestError(_FIELD, f"knots of {name} of shape {list(array.shape)}", f"give {name} as a list of numbers")
    return _floats(f"its knots of {name}", array)


def _floats(what: str, array: Any) -> Values:
    if array.dtype.kind not in "fiub":
        raise RequestError(_FIELD, f"{array.dtype} for {what}", "give real numbers: numpy.asarray(v, dtype=float)")
    return np.array(array, "<f8")


def _conditions(boundary: Any) -> str | tuple[End, End]:
    """The conditions at the ends, as plain values; what is wrong with them is said by who checks the table."""
    if isinstance(boundary, str):
        return boundary
    try:
        return tuple([(int(order), float(value)) for order, value in boundary])  # type: ignore[return-value] # as above
    except (TypeError, ValueError):
        return repr(boundary)
