"""What an author says of a model: a TOML file beside it, or such a text within it."""

from __future__ import annotations

import keyword
import math
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from gridgrad_worker.registered.registration import FunctionError

__all__ = ["MAX_SETTINGS_BYTES", "ModelInput", "ModelSample", "ModelSettings", "read_settings"]

MAX_SETTINGS_BYTES = 1 << 20
_RTOL = 1e-9
_INPUT_KEYS = ("unit", "default")
_OUTPUT_KEYS = ("unit",)
_SAMPLE_KEYS = ("inputs", "value", "rtol", "atol")


class ModelInput(NamedTuple):
    """An input of a model."""

    name: str
    default: float | None
    unit: str


class ModelSample(NamedTuple):
    """A point at which a model is checked, and what its components are there; none where its author does not say."""

    inputs: dict[str, float]
    values: tuple[float, ...]
    rtol: float
    atol: float


class ModelSettings(NamedTuple):
    """What an author says of a model; what he leaves out is read off the model.

    Args:
        module: the class, instance or factory of a torch module, as package.module:Name.
        arguments: what it is called with.
        state: the file of its weights, beside the settings.
        dtype: in which alone it is served; both where it is empty.
        tensors: the names that each tensor is made of.
        outputs: names of components, with their units.
    """

    name: str = ""
    doc: str = ""
    module: str = ""
    arguments: Mapping[str, Any] = {}
    state: str = ""
    dtype: str = ""
    mode: str = "forward"
    order: int | None = None
    check: bool = True
    tensors: tuple[tuple[str, ...], ...] = ()
    inputs: tuple[ModelInput, ...] = ()
    outputs: Mapping[str, str] = {}
    samples: tuple[ModelSample, ...] = ()


_TEXTS = ("name", "doc", "module", "state", "dtype", "mode")


def read_settings(text: str) -> ModelSettings:
    """Reads settings.

    Raises:
        FunctionError: the text is no TOML, or has what means nothing; the message names the key.
    """
    if len(text) > MAX_SETTINGS_BYTES:
        raise FunctionError(f"its settings have {len(text)} characters; at most {MAX_SETTINGS_BYTES} are read")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FunctionError(f"its settings are no TOML: {error}; mend them there") from None
    _check_keys(table, ModelSettings._fields, "")
    said: dict[str, Any] = {key: _text(table[key], key) for key in _TEXTS if key in table}
    if said.get("dtype", "") not in ("", "float32", "float64"):
        raise FunctionError(f"dtype is {said['dtype']!r}; write 'float64' or 'float32', or leave it out to serve both")
    if not isinstance(table.get("check", True), bool):
        raise FunctionError("check is neither true nor false; write one of them")
    said |= {key: table[key] for key in ("check", "order") if key in table}
    said["arguments"] = _table(table.get("arguments", {}), "arguments")
    said["tensors"] = tuple(_names(each, f"tensors[{i}]") for i, each in enumerate(_listed(table, "tensors")))
    said["inputs"] = tuple(_input(*each) for each in _table(table.get("inputs", {}), "inputs").items())
    said["outputs"] = {name: _output(name, each) for name, each in _table(table.get("outputs", {}), "outputs").items()}
    said["samples"] = tuple(_sample(f"samples[{i}]", each) for i, each in enumerate(_listed(table, "samples")))
    return ModelSettings(**said)


def _input(name: str, said: Any) -> ModelInput:
    place = f"inputs.{name}"
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise FunctionError(f"{place} is no name of an input; use letters, digits and _, and no keyword of Python")
    _check_keys(_table(said, place), _INPUT_KEYS, place)
    default = _number(said["default"], f"{place}.default") if "default" in said else None
    return ModelInput(name, default, _text(said.get("unit", ""), f"{place}.unit"))


def _output(name: str, said: Any) -> str:
    place = f"outputs.{name}"
    _check_keys(_table(said, place), _OUTPUT_KEYS, place)
    return _text(said.get("unit", ""), f"{place}.unit")


def _sample(place: str, table: Any) -> ModelSample:
    _check_keys(_table(table, place), _SAMPLE_KEYS, place)
    given = _table(table.get("inputs", {}), f"{place}.inputs")
    value = table.get("value", [])
    values = [_number(each, f"{place}.value") for each in (value if isinstance(value, list) else [value])]
    inputs = {name: _number(each, f"{place}.inputs.{name}") for name, each in given.items()}
    rtol, atol = (_number(table.get(key, usual), f"{place}.{key}") for key, usual in (("rtol", _RTOL), ("atol", 0.0)))
    if not (rtol >= 0 and atol >= 0):
        raise FunctionError(f"{place}.rtol or atol is below 0; say how far the value may be off")
    return ModelSample(inputs, tuple(values), rtol, atol)


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            where = f"{place}.{key}" if place else key
            raise FunctionError(f"{where} means nothing here; there are {', '.join(known)}")


def _table(found: Any, place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise FunctionError(f"{place} is no table; write it as {place.split('[')[0]} = {{...}}")
    return found


def _listed(table: Mapping[str, Any], place: str) -> list[Any]:
    found = table.get(place, [])
    if not isinstance(found, list):
        raise FunctionError(f"{place} is no list; write {place} = [...]")
    return found


def _names(found: Any, place: str) -> tuple[str, ...]:
    if not isinstance(found, list) or not found or not all(isinstance(each, str) for each in found):
        raise FunctionError(f"{place} is no list of names; write which inputs the tensor is made of, as ['x', 'y']")
    return tuple(found)


def _text(found: Any, place: str) -> str:
    if not isinstance(found, str):
        raise FunctionError(f"{place} is no text; put it in quotes")
    return found


def _number(found: Any, place: str) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise FunctionError(f"{place} is {found!r}, no number; write one")
    try:
        number = float(found)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FunctionError(f"{place} is {found!r:.20}; write a finite number")
    return number
