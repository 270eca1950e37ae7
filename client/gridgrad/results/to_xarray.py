"""Results for other tools: xarray, with it NetCDF and Zarr, and plain mappings of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgrad.arguments.dim_labels import dim_labels
from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.components import ComponentGrid, component_grids, component_names, gone_dims
from gridgrad.results.labels import fraction, variable
from gridgrad.results.result_data import ResultData
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import xarray

__all__ = ["stack", "to_dict", "to_xarray"]

Names = str | Sequence[str] | None
Labelled = tuple[tuple[str, ...], np.ndarray[Any, Any], dict[str, Any]]
"""What xarray takes for a variable: dims, values, attributes."""


def to_xarray(result: ResultData, name: Names = None) -> xarray.Dataset:
    """A Dataset of views of the result; see `Result.to_xarray`."""
    variables = {key: _labelled(part, _unique(part.dims)) for key, part in _named(result, name).items()}
    coordinates: dict[str, Labelled] = {
        key: (result.input_dims[key], values, _attributes(result, key))
        for key, values in result.inputs.items()
        if gone_dims(result).isdisjoint(result.input_dims[key])
    }
    return _dataset(variables, {**_labels(result), **coordinates}, _about(result) | _seconds(result))


def to_dict(result: ResultData, name: Names = None, *, flat: bool = False) -> dict[str, FloatArray]:
    """Inputs and variables by name; see `Result.to_dict`."""
    variables = {key: part.grid for key, part in _named(result, name).items()}
    if not flat:
        return {**result.inputs, **variables}
    return {
        column: np.broadcast_to(values, result.shape).reshape(-1)
        for key, array, leading in _spread(result, variables)
        for column, values in _columns(key, array, leading)
    }


def stack(results: Iterable[ResultData], dim: str = "sample", name: Names = None) -> xarray.Dataset:
    """Many results of one function in one Dataset, along a new first dim.

    Args:
        results: at least one; all with the same dims, shape, inputs, derivatives and components.
        dim: the name of the new dim.
        name: as for `Result.to_xarray`.

    Returns:
        Variables of shape [dim, *grid]. Inputs that are the same in all results are coordinates as in one
        of them, the others have the new dim.

    Raises:
        RequestError: there are no results, or two differ in more than numbers.
        MissingExtraError: xarray is not installed.
    """
    every = list(results)
    _check_same_structure(every, dim)
    first = every[0]
    named = [_named(result, name) for result in every]
    variables = {
        key: _labelled(part._replace(grid=np.stack([each[key].grid for each in named])), (dim, *_unique(part.dims)))
        for key, part in named[0].items()
    }
    coordinates = {
        key: _stacked_input(key, every, dim)
        for key in first.inputs
        if gone_dims(first).isdisjoint(first.input_dims[key])
    }
    return _dataset(variables, {**_common_labels(every), **coordinates}, _about(first))


def _named(result: ResultData, name: Names) -> dict[str, ComponentGrid]:
    """The parts of a result under the names of their variables."""
    components = _component_names(result, name)
    renamed = dict(zip(component_names(result), components, strict=True))
    parts = [part._replace(component=renamed[part.component]) for part in component_grids(result)]
    named = {variable(part.component, part.wrt): part for part in parts}
    taken = [key for key in named if key in result.inputs or key in result.dims]
    if taken or len(named) < len(parts):
        spelled = ", ".join(f'"f{number}"' for number in range(len(components)))
        remedy = f"name the components: name=({spelled})" if result.tuple_valued else 'name the function: name="g"'
        found = f"{taken[0]!r} is the name of an input or dim too" if taken else "two variables of one name"
        raise RequestError("name", found, remedy)
    return named


def _spread(
    result: ResultData, variables: Mapping[str, FloatArray]
) -> Iterator[tuple[str, FloatArray, tuple[int, ...]]]:
    """Inputs and variables with the shape of what stands in front of the grid: that of arrays of coefficients."""
    for key, array in result.inputs.items():
        if not gone_dims(result).isdisjoint(result.input_dims[key]):
            continue
        on_grid = set(result.input_dims[key]) <= set(result.dims)
        yield key, result.on_grid(key) if on_grid else array, () if on_grid else array.shape
    for key, array in variables.items():
        yield key, array, array.shape[: array.ndim - len(result.shape)]


def _columns(key: str, array: FloatArray, leading: tuple[int, ...]) -> Iterator[tuple[str, FloatArray]]:
    """An array of coefficients, or a derivative by one, element by element: n_0, n_1, ..."""
    for index in np.ndindex(*leading):
        yield "_".join((key, *map(str, index))), array[index]


def _component_names(result: ResultData, name: Names) -> Sequence[str]:
    own = component_names(result)
    if name is None:
        return own
    names = (name,) if isinstance(name, str) else tuple(name)
    if len(names) != len(own):
        count = len(own)
        raise RequestError("name", f"{len(names)} names {names!r}", f"give {count}: one for each component")
    return names


def _labelled(part: ComponentGrid, dims: tuple[str, ...]) -> Labelled:
    return dims, part.grid, {"long_name": fraction(part.component, part.wrt)} | _unit(part.unit)


def _unit(unit: str) -> dict[str, str]:
    """The attribute that xarray and the conventions of NetCDF have for a unit."""
    return {"units": unit} if unit else {}


def _unique(dims: Sequence[str]) -> tuple[str, ...]:
    """Dims of which none appears twice, as those of one array of coefficients do in a second derivative."""
    return tuple(
        f"{dim}_{dims[:place].count(dim) + 1}" if dim in dims[:place] else dim for place, dim in enumerate(dims)
    )


def _dataset(
    variables: Mapping[str, Labelled], coordinates: Mapping[str, Labelled], about: Mapping[str, Any]
) -> xarray.Dataset:
    xr = optional("xarray", "xarray")
    dims = {dim for dims, *_ in variables.values() for dim in dims}
    # xarray has no room for a number under the name of a dim
    attributes = {key: float(values) for key, (own, values, _) in coordinates.items() if key in dims and not own}
    kept = {key: labelled for key, labelled in coordinates.items() if key not in attributes}
    dataset: xarray.Dataset = xr.Dataset(variables, kept, {**about, **attributes})
    return dataset


def _labels(result: ResultData) -> dict[str, Labelled]:
    """The labels along dims that DataArrays among the inputs have, of the part that the result is."""
    part = dict(zip(result.dims, result.slices, strict=True))
    found = dim_labels(result.request.inputs)
    return {dim: ((dim,), each.values[part[dim]], each.attributes) for dim, each in found.items() if dim in part}


def _common_labels(results: Sequence[ResultData]) -> dict[str, Labelled]:
    """The labels that all of them have."""
    first, *others = map(_labels, results)
    return {
        dim: own
        for dim, own in first.items()
        if all(dim in other and np.array_equal(other[dim][1], own[1]) for other in others)
    }


def _attributes(result: ResultData, name: str) -> dict[str, Any]:
    """What a DataArray says of itself, such as its unit, and the unit that was given."""
    return dict(getattr(result.request.inputs.get(name), "attrs", None) or {}) | _unit(result.units.get(name, ""))


def _stacked_input(key: str, results: Sequence[ResultData], dim: str) -> Labelled:
    arrays, dims = [result.inputs[key] for result in results], results[0].input_dims[key]
    if all(np.array_equal(array, arrays[0], equal_nan=True) for array in arrays[1:]):
        return dims, arrays[0], _attributes(results[0], key)
    return (dim, *dims), np.stack(arrays), _attributes(results[0], key)


def _check_same_structure(results: Sequence[ResultData], dim: str) -> None:
    if not results:
        raise RequestError("results", "none", "stack at least one result")
    first = _structure(results[0])
    if dim in first["dims"] or dim in results[0].inputs:
        raise RequestError("dim", f"{dim!r}, which the results have already", "give the new dim another name")
    for number, result in enumerate(results):
        for what, found in _structure(result).items():
            if found != first[what]:
                raise RequestError(
                    f"results[{number}]",
                    f"{what} {found!r} and not {first[what]!r} as the first",
                    "stack results that differ in numbers only",
                )


def _structure(result: ResultData) -> dict[str, Any]:
    return {
        "dims": result.dims,
        "shape": result.shape,
        "inputs": dict(result.input_dims),
        "derivatives": [*result.d],
        "components": result.components,
        "reduced": result.reduced,
        "dtype": result.value.dtype.name,
    }


def _about(result: ResultData) -> dict[str, Any]:
    """Attributes that NetCDF can hold: text and numbers."""
    kind, text = result.function
    info = result.info
    return {
        kind: text,
        "digest": info.digest,
        "engine": info.engine,
        "tier": info.tier,
        "device": info.device,
        "gridgrad_version": info.version,
    } | _made(result)


def _made(result: ResultData) -> dict[str, str]:
    """What was made of a grid, and with which weights; empty for a grid itself."""
    over = ", ".join(f"{kind} over {dim}" for dim, kind in result.reduced.items())
    return {name: text for name, text in (("reduced", over), ("weights", result.weights)) if text}


def _seconds(result: ResultData) -> dict[str, Any]:
    info = result.info
    return {"queue_s": info.queue_s, "compute_s": info.compute_s, "batch_size": info.batch_size}
