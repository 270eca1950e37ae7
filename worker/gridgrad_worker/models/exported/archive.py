"""The archive of an exported program: a zip of JSON and of tensors as plain bytes.

`torch.export.load` unpickles a sample of inputs, tensors of subclasses and objects; here what is pickled is never read.
Members are stored as they are: a compressed one, which might be a thousand times as long, is refused.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gridgrad_worker.registered.registration import FunctionError

__all__ = ["DTYPES", "ProgramArchive"]

_MOST_MEMBERS = 100_000
_MOST_JSON = 1 << 26
_AGAIN = "save it again by torch.export.save of torch 2.11 or newer"

DTYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    10: torch.complex64,
    11: torch.complex128,
    12: torch.bool,
    13: torch.bfloat16,
}
"""By their number in the schema of torch.export, torch/_export/serde/schema.py."""
_STRIDED = 7


class ProgramArchive:
    """An archive with one program.

    Args:
        data: the bytes of the file.

    Raises:
        FunctionError: it is none, or has what is not read here.
    """

    def __init__(self, data: bytes) -> None:
        self._size = len(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise FunctionError(f"it is no archive of torch.export: {error}; {_AGAIN}") from None
        self._members = {each.filename: each for each in self._zip.infolist()}
        if len(self._members) != len(self._zip.infolist()) or len(self._members) > _MOST_MEMBERS:
            raise FunctionError(f"its archive has members of one name, or over {_MOST_MEMBERS}; {_AGAIN}")
        models = [name for name in self._members if "/models/" in name and name.endswith(".json")]
        if len(models) != 1:
            found = "no program" if not models else f"{len(models)} programs"
            raise FunctionError(f"its archive has {found} under models/, not one; {_AGAIN}, one to a file")
        self._root, _, member = models[0].partition("/models/")
        self._model = member.removesuffix(".json")

    def program(self) -> dict[str, Any]:
        """The program as JSON."""
        return self._json(f"models/{self._model}.json")

    def settings(self) -> str | None:
        """What its author says of it, as `extra_files={"gridgrad.toml": ...}` of torch.export.save puts it there."""
        name = "extra/gridgrad.toml"
        try:
            return self._bytes(name).decode("utf-8") if self._has(name) else None
        except UnicodeDecodeError:
            raise FunctionError("its extra file gridgrad.toml is no UTF-8; save it as UTF-8") from None

    def tensors(self) -> dict[str, Tensor]:
        """Weights, buffers and constants by their names in modules."""
        found = {}
        for kind in ("weights", "constants"):
            if self._has(f"data/{kind}/{self._model}.pt"):
                raise FunctionError(f"its {kind} are pickled, as torch did before 2.9; {_AGAIN}")
            if not self._has(f"data/{kind}/{self._model}_{kind}_config.json"):
                continue
            listed = self._json(f"data/{kind}/{self._model}_{kind}_config.json").get("config")
            for name, said in _mapping(listed, f"the list of {kind}").items():
                found[name] = self._tensor(kind, name, _mapping(said, name))
        return found

    def _tensor(self, kind: str, name: str, said: Mapping[str, Any]) -> Tensor:
        if said.get("use_pickle") or said.get("tensor_meta") is None:
            raise FunctionError(
                f"its {name!r} is an object or a tensor of a subclass, which is pickled; "
                "export it with plain tensors alone"
            )
        meta, member = said["tensor_meta"], f"data/{kind}/{said.get('path_name')}"
        try:
            dtype, sizes = DTYPES[meta["dtype"]], [each["as_int"] for each in meta["sizes"]]
            strides, offset = [each["as_int"] for each in meta["strides"]], meta["storage_offset"]["as_int"]
            if meta["layout"] != _STRIDED or math.prod(sizes) * dtype.itemsize > self._size:
                raise ValueError("is sparse, or larger than the file")
            data = bytearray(self._bytes(member))
            flat = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
            return flat.as_strided(sizes, strides, offset).clone()
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FunctionError(f"its tensor {name!r} can't be read: {error}; {_AGAIN}") from None

    def _json(self, name: str) -> dict[str, Any]:
        data = self._bytes(name)
        if len(data) > _MOST_JSON:
            raise FunctionError(f"its {name} has {len(data)} bytes; at most {_MOST_JSON} are read; export less")
        try:
            return _mapping(json.loads(data), name)
        except (ValueError, RecursionError) as error:
            raise FunctionError(f"its {name} is no JSON: {error}; {_AGAIN}") from None

    def _has(self, name: str) -> bool:
        return f"{self._root}/{name}" in self._members

    def _bytes(self, name: str) -> bytes:
        member = self._members.get(f"{self._root}/{name}")
        if member is None:
            raise FunctionError(f"its archive has no {name}; {_AGAIN}")
        if member.compress_type != zipfile.ZIP_STORED or member.file_size > self._size:
            raise FunctionError(f"its archive has {name} compressed; {_AGAIN}, which stores it")
        try:
            return self._zip.read(member)
        except (zipfile.BadZipFile, RuntimeError, OSError, EOFError) as error:
            raise FunctionError(f"its archive is broken at {name}: {error}; {_AGAIN}") from None


def _mapping(found: object, what: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise FunctionError(f"its archive has {what} as {type(found).__name__}, not as a table; {_AGAIN}")
    return found
