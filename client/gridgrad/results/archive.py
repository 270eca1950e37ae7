"""Results as numpy archives: written by `Result.to_npz` and `gridgrad eval --output`, read by `Result.from_npz`.

An archive holds the arrays under the names "value", "d/t", "d/t,k" and those of the inputs, where an input
called "value" is "input/value"; and under "about" what else the result says, as JSON.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.inputs import FloatArray, Input
from gridgrad.requests.reduction import GridReduction
from gridgrad.requests.request import Registered, Request
from gridgrad.results.info import FROM_VALUES, Info
from gridgrad.results.planes import PlaneIndex
from gridgrad.results.result_data import ResultData, ResultOrigin, ResultSchema
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Derivative

__all__ = ["Archived", "FileLike", "load", "save"]

FileLike: TypeAlias = "str | os.PathLike[str] | BinaryIO"

VALUE, ABOUT = "value", "about"


class Archived(NamedTuple):
    """What an archive holds: a `Result` is made from it.

    Args:
        planes: the buffer, read-only.
        schema: how to read it.
        info: how it was computed.
        origin: a request for the same.
    """

    planes: FloatArray
    schema: ResultSchema
    info: Info
    origin: ResultOrigin


def save(result: ResultData, file: FileLike) -> list[str]:
    """Writes a result to a numpy archive.

    Args:
        result: what to write.
        file: the path, exactly so named, or a file open for writing bytes.

    Returns:
        The names of the arrays in the archive.
    """
    arrays: dict[str, Any] = {VALUE: result.value}
    arrays |= {_entry(wrt): result.d[wrt] for wrt in result.d}
    arrays |= {_input_entry(name): values for name, values in result.inputs.items()}
    # numpy.savez itself has no room for inputs called "file" or "allow_pickle"
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in {**arrays, ABOUT: np.array(json.dumps(_about(result)))}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return list(arrays)


def load(file: FileLike) -> Archived:
    """Reads a result that `save` wrote.

    Args:
        file: the path, or a file open for reading bytes.

    Returns:
        What a result is made from; its request asks for the same, without `out` and `tag`.

    Raises:
        RequestError: the file is no such archive.
        OSError: it can't be read.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            return _restored(json.loads(str(archive[ABOUT])), archive)
    except (AttributeError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        found = f"no archive of a result ({type(error).__name__}: {error})"
        raise RequestError("file", found, "give one that to_npz or gridgrad eval --output wrote") from error


def _about(result: ResultData) -> dict[str, Any]:
    kind, text = result.function
    return {
        kind: text,
        "dims": result.dims,
        "derivatives": [*result.d],
        "components": result.components,
        "tuple_valued": result.tuple_valued,
        "reduced": result.reduced,
        "weights": result.weights,
        "inputs": result.input_dims,
        "units": dict(result.units),
        "info": {name: value for name, value in result.info._asdict().items() if name not in FROM_VALUES},
    }


def _restored(about: Mapping[str, Any], archive: Mapping[str, Any]) -> Archived:
    derivatives = [tuple(wrt) for wrt in about["derivatives"]]
    planes, index = _gathered({(): archive[VALUE], **{wrt: archive[_entry(wrt)] for wrt in derivatives}})
    inputs = tuple(Input(name, tuple(dims), archive[_input_entry(name)]) for name, dims in about["inputs"].items())
    kind: Literal["expression", "registered"] = "registered" if "registered" in about else "expression"
    schema = ResultSchema(
        index,
        tuple(each.name for each in inputs),
        tuple(about["dims"]),
        tuple(about["components"]),
        about["tuple_valued"],
        (kind, about[kind]),
        reduction=_reduction(about),
    )
    request = _request(schema, inputs, derivatives, planes.dtype.name if planes.dtype.kind == "f" else None)
    origin = ResultOrigin(replace(request, units=about.get("units") or None), inputs)
    return Archived(planes, schema, Info(**about["info"]), origin)


def _reduction(about: Mapping[str, Any]) -> GridReduction | None:
    """What was made of a grid; nothing in archives of earlier versions."""
    reduced = about.get("reduced")
    return GridReduction(next(iter(reduced.values())), tuple(reduced), about["weights"]) if reduced else None


def _request(
    schema: ResultSchema, inputs: Sequence[Input], derivatives: Sequence[Derivative], dtype: str | None
) -> Request:
    """A request for what was archived: inputs with dims that are none of the grid's are coefficients."""
    kind, text = schema.function
    reduction, dims = schema.reduction, {*schema.dims, *(schema.reduction.dims if schema.reduction else ())}
    given: dict[str, Any] = {}
    coefficients: dict[str, Any] = {}
    for name, own, values in inputs:
        if set(own) <= dims:
            given[name] = (own, values) if own else float(np.asarray(values))
        else:
            coefficients[name] = values
    function = Registered(text) if kind == "registered" else text
    asked = Request(function, given, derivatives=derivatives, dtype=dtype, coefficients=coefficients or None)
    if reduction is None:
        return asked
    made = dict.fromkeys(reduction.dims, reduction.kind)
    return replace(asked, reduce=made, weights=reduction.weights or None)


def _gathered(arrays: Mapping[Derivative, FloatArray]) -> tuple[FloatArray, PlaneIndex]:
    """One buffer of arrays, and which planes of it each is; those by arrays of coefficients have several."""
    shape = arrays[()].shape
    flat = {wrt: array.reshape(-1, *shape) for wrt, array in arrays.items()}
    planes = np.concatenate([*flat.values()])
    planes.flags.writeable = False
    index: dict[Derivative, int | NDArray[np.intp]] = {}
    first = 0
    for wrt, array in arrays.items():
        leading = array.shape[: array.ndim - len(shape)]
        numbers = np.arange(first, first + len(flat[wrt]))
        index[wrt] = numbers.reshape(leading) if leading else first
        first += len(numbers)
    return planes, index


def _entry(wrt: Derivative) -> str:
    return f"d/{','.join(wrt)}"


def _input_entry(name: str) -> str:
    return f"input/{name}" if name in (VALUE, ABOUT) else name
