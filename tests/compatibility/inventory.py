"""What a version offers to those who build on it, as JSON: names, their parameters, flags, and the schema.

python -m tests.compatibility.inventory
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto

__all__: list[str] = []

MODULES = (
    "gridgrad",
    "gridgrad.aio",
    "gridgrad.errors",
    "gridgrad.formats",
    "gridgrad.jax",
    "gridgrad.scipy",
    "gridgrad.xarray",
    "gridgrad.testing",
    "gridgrad.torch",
    "gridgrad_worker",
)
FLAG = re.compile(r"--[a-z][a-z-]*[a-z]|GRIDGRAD_[A-Z_]+")  # help may break lines behind a hyphen
SUB_COMMANDS = ("eval", "plot", "check", "explain", "prepare", "functions", "info", "top", "drain", "conformity")


def names() -> dict[str, Any]:
    """`module:name` and `module:class.name` to parameters: [name, kind, may be left out]; None for others."""
    found: dict[str, Any] = {}
    there = [name for name in MODULES if importlib.util.find_spec(name)]  # a released version may not have it yet
    for module in map(importlib.import_module, there):
        for name in module.__all__:
            value = getattr(module, name)
            found[f"{module.__name__}:{name}"] = _parameters(value)
            found |= {f"{module.__name__}:{name}.{each}": taken for each, taken in _members(value)}
    return found


def _members(value: object) -> Iterator[tuple[str, Any]]:
    if inspect.isclass(value) and value.__module__.startswith("gridgrad"):
        for name in dir(value):
            if not name.startswith("_"):
                yield name, _parameters(inspect.getattr_static(value, name))


def _parameters(value: object) -> list[tuple[str, str, bool]] | None:
    function: Callable[..., object] | None = getattr(value, "__func__", value) if callable(value) else None
    try:
        signature = inspect.signature(function) if function else None
    except ValueError:  # one of the built-in methods of a tuple
        signature = None
    if signature is None:
        return None
    return [(each.name, each.kind.name, each.default is not each.empty) for each in signature.parameters.values()]


def flags() -> dict[str, list[str]]:
    """The flags of the server and of each sub-command, and the variables that their help names."""
    help_of = {"server": ("gridgrad-server", "--help")} | {each: ("gridgrad", each, "--help") for each in SUB_COMMANDS}
    return {name: sorted(set(FLAG.findall(_printed(*line)))) for name, line in help_of.items()}


def _printed(command: str, *arguments: str) -> str:
    scripts = importlib.metadata.distribution("gridgrad").entry_points
    main = scripts[command].load()
    sys.argv = [command, *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        main()
    return printed.getvalue()


def schema() -> str:
    """The descriptor of the public API, serialized, in base64."""
    module = importlib.import_module("gridgrad.v1.gridgrad_pb2")
    proto = FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(proto)
    return base64.b64encode(proto.SerializeToString()).decode()


if __name__ == "__main__":
    print(json.dumps({"names": names(), "flags": flags(), "schema": schema()}))
