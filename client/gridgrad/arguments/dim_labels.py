"""Labels of dims: the coordinates that xarray's DataArrays have along them.

Numbers are combined by position. So DataArrays whose labels of one dim differ are refused, and those that agree go with
the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gridgrad_core.errors import RequestError

__all__ = ["DimLabels", "dim_labels"]


class DimLabels(NamedTuple):
    """The labels of a dim.

    Args:
        of: the name of the input that has them.
        values: one for each index, of any type.
        attributes: their own, such as their unit.
    """

    of: str
    values: np.ndarray[Any, Any]
    attributes: dict[str, Any]


def dim_labels(inputs: Mapping[str, Any]) -> dict[str, DimLabels]:
    """The labels of each dim for which some input has them.

    Args:
        inputs: as a user gave them; only DataArrays have labels.

    Raises:
        RequestError: two inputs have other labels along one dim.
    """
    found: dict[str, DimLabels] = {}
    for name, value in inputs.items():
        for dim, labels in _labels(name, value):
            known = found.setdefault(dim, labels)
            if known.values.shape == labels.values.shape and not _equal(known.values, labels.values):
                raise RequestError(
                    f"inputs[{name!r}]",
                    f"other labels along {dim!r} than {known.of!r} has: {_differing(labels.values, known.values)}",
                    f"align them first, such as by xarray.align({known.of}, {name}), "
                    f"or drop labels that mean nothing: {name}.drop_vars({dim!r})",
                )
    return found


def _labels(name: str, value: Any) -> Iterator[tuple[str, DimLabels]]:
    dims, coordinates = getattr(value, "dims", None), getattr(value, "coords", None)
    if not isinstance(dims, tuple) or not isinstance(coordinates, Mapping):
        return
    for dim in dims:
        if isinstance(dim, str) and dim in coordinates:
            yield dim, DimLabels(name, np.asarray(coordinates[dim].values), dict(coordinates[dim].attrs))


def _equal(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    both_may_be_nan = one.dtype.kind in "fcmM" and other.dtype.kind in "fcmM"
    return np.array_equal(one, other, equal_nan=both_may_be_nan)


def _differing(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> str:
    place = int(np.flatnonzero(np.asarray(one != other))[0])
    return f"{one[place]} and not {other[place]} at {place}"
