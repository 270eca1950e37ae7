"""The buffer of a result: which of its planes each derivative is, and views of them by name."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.coefficients import ZERO, Stacks, stacked
from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.labels import spelling
from gridgrad_core.grid import Derivative, InputSpec

__all__ = ["Derivatives", "PlaneIndex", "element_index", "plane_index"]

INDICES_KEPT = 512

PlaneIndex: TypeAlias = Mapping[Derivative, "int | NDArray[np.intp]"]
"""Which plane of a buffer each derivative is, the value () included; several planes by an array of coefficients."""


@functools.lru_cache(INDICES_KEPT)
def plane_index(derivatives: tuple[Derivative, ...]) -> Mapping[Derivative, int]:
    """Which plane of a buffer holds which derivative; one and the same mapping for all results that have these."""
    return {derivative: plane for plane, derivative in enumerate(((), *derivatives))}


def element_index(
    inputs: Sequence[InputSpec], derivatives: Sequence[Derivative], stacks: Stacks | None
) -> dict[Derivative, int | NDArray[np.intp]]:
    """Where the numbers of a pull-back lie in its row: the sum, then the gradient by each input, in C order.

    Args:
        inputs: those that were sent.
        derivatives: by these, in the order asked for.
        stacks: the same by the names that the caller knows, arrays of coefficients whole; None where they are.
    """
    shapes, end = {spec.name: spec.shape for spec in inputs}, 1
    places: list[NDArray[np.intp]] = []
    for (name,) in derivatives:
        start, end = end, end + math.prod(shapes[name])
        places.append(np.arange(start, end, dtype=np.intp).reshape(shapes[name]))
    if stacks is None:
        return {(): 0, **dict(zip(derivatives, places, strict=True))}
    found: dict[Derivative, int | NDArray[np.intp]] = {(): 0}
    for derivative in stacks.derivatives:
        numbers = np.asarray(stacks.planes[derivative])
        if numbers.ndim or numbers == ZERO:  # elements of an array are numbers, some of which may not be used
            first = [ZERO if each == ZERO else int(places[each - 1]) for each in numbers.reshape(-1)]
            found[derivative] = np.array(first, np.intp).reshape(numbers.shape)
        else:
            found[derivative] = places[int(numbers) - 1]
    return found


class Derivatives(Mapping[str | Derivative, FloatArray]):
    """The derivatives of a result by the names of their inputs.

    `d["t"]` is ∂f/∂t and `d["t", "k"]` the mixed one, as is `d["k", "t"]`; `d[()]` is the value.
    Iteration gives the derivatives asked for as tuples of names, in the order asked, without the value.

    Derivatives by arrays of coefficients have their dims in front: `d["n"]` is [len(n), (components,) *grid].

    Args:
        planes: the buffer [1 + derivatives, (components,) *grid].
        index: which plane of it each is, or which planes, the value () included.
        names: the names of the inputs, in order.
    """

    __slots__ = ("_derivatives", "_index", "_names", "_planes")

    def __init__(self, planes: FloatArray, index: PlaneIndex, names: tuple[str, ...]) -> None:
        self._planes = planes
        self._names = names
        self._index = index
        self._derivatives = tuple([derivative for derivative in index if derivative])

    def __getitem__(self, wrt: str | Iterable[str]) -> FloatArray:
        spelled = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        plane = self._index.get(spelled)
        if plane is None:
            plane = self._index.get(self._sorted(spelled))
        if plane is None:
            raise KeyError(self._missing(spelled))
        if isinstance(plane, np.ndarray):
            return stacked(self._planes, plane)
        found: FloatArray = self._planes[plane, ...]  # an array for a single point too
        return found

    def __iter__(self) -> Iterator[Derivative]:
        return iter(self._derivatives)

    def __len__(self) -> int:
        return len(self._derivatives)

    def __repr__(self) -> str:
        return f"Derivatives({', '.join(map(spelling, self._derivatives)) or 'none'})"

    def _ipython_key_completions_(self) -> list[str | Derivative]:
        """What notebooks and IPython offer after `result.d[`: names, and tuples of them for all but the first order."""
        return [wrt[0] if len(wrt) == 1 else wrt for wrt in self._derivatives]

    def _sorted(self, derivative: Derivative) -> Derivative:
        if not set(derivative) <= set(self._names):
            return derivative
        return tuple(sorted(derivative, key=self._names.index))

    def _missing(self, derivative: Derivative) -> str:
        present = ", ".join(map(spelling, self._derivatives)) or "none"
        strange = [name for name in derivative if name not in self._names]
        if strange:
            return f"{strange[0]!r} is no input of this result; derivatives present: {present}"
        ask = f"derivatives=[{spelling(derivative)}]" if len(derivative) == 1 else f"derivatives=[{derivative!r}]"
        orders = f" or order={len(derivative)}" if len(derivative) > 1 else f" or wrt={derivative[0]!r}"
        return (
            f"{spelling(derivative)} was not asked for; derivatives present: {present}; ask for it with {ask}{orders}"
        )
