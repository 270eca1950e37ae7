"""The layout of the project as data, and a reader of what the source says of it: who imports whom, what is called what.

`ORDER` lists the folders of each package from the lowest floor to the highest. A module imports modules of its own
folder and of folders before it. Modules at the root of a package are either foundations, below all folders, or
composers and facades, above them all.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["FACADES", "ORDER", "PACKAGES", "ROOT", "UPWARDS", "Module", "floor_of", "modules_of"]

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "gridgrad_core": ROOT / "core",
    "gridgrad": ROOT / "client",
    "gridgrad_server": ROOT / "server",
    "gridgrad_worker": ROOT / "worker",
}
ORDER = {
    "gridgrad_core": [
        "v1",
        "worker_v1",
        "system",
        "lang.functions",
        "lang.program",
        "lang.derive",
        "lang.parser",
        "wire",
    ],
    "gridgrad": [
        *(
            "arguments",
            "tracing",
            "requests",
            "results",
            "results.display",
            "protocol",
            "checks",
            "aio",
            "sync",
            "cli",
        ),
        *("frameworks", "frameworks.torch", "frameworks.jax", "frameworks.scipy", "frameworks.testing"),
    ],
    "gridgrad_server": [
        *("config", "memory", "requests", "scheduling", "workers", "rpc", "local_sessions", "telemetry"),
    ],
    "gridgrad_worker": [
        *("runtime", "devices", "torch_ops", "engines", "engines.functional"),
        *("engines.structured", "engines.structured.planning", "engines.structured.execution"),
        *("engines.compiled.codegen", "engines.compiled.runtime", "engines.compiled", "engines.cuda", "registered"),
    ],
}
FOUNDATIONS = {
    "gridgrad_core": {"bounded_dict", "errors", "grid", "version", "extras", "differences"},
    "gridgrad": {"progress", "local_server"},
    "gridgrad_server": set[str](),
    "gridgrad_worker": set[str](),
}
FACADES = {"gridgrad": {"errors", "jax", "scipy", "testing", "torch", "v1"}}
"""Public paths that hand on what is defined elsewhere; they stand outside of the order and of the rule of names."""
UPWARDS = {("results.result", "results.display.figure"), ("results.result", "results.display.notebook")}
"""`Result` shows itself: its methods import what draws when they are called, upwards."""
BELOW, ABOVE = -1, 1000


@dataclass(frozen=True)
class Module:
    """A module that people wrote: its package, its name within that, and its file."""

    package: str
    name: str
    path: Path

    @property
    def folder(self) -> str:
        """The folder that it stands in, as a dotted name; "" for the root of its package."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @property
    def stem(self) -> str:
        """Its name without folders."""
        return self.path.stem

    @property
    def is_facade(self) -> bool:
        """Whether it only hands on what stands elsewhere."""
        return self.name.split(".")[0] in FACADES.get(self.package, ())

    @property
    def floor(self) -> int:
        """How far up in its package it stands."""
        return floor_of(self.package, self.name)

    def tree(self) -> ast.Module:
        """Its source, parsed."""
        return ast.parse(self.path.read_text())

    def imported(self) -> Iterator[str]:
        """The full names of all that it imports, in functions and for type checkers too."""
        for node in ast.walk(self.tree()):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor_of(package: str, name: str) -> int:
    """The place in the order of a module or folder, by the longest folder that it stands in."""
    top = name.split(".")[0]
    if top in FACADES.get(package, ()):
        return ABOVE
    if name in FOUNDATIONS[package]:
        return BELOW
    fits = [folder for folder in ORDER[package] if name == folder or name.startswith(f"{folder}.")]
    return ORDER[package].index(max(fits, key=len)) if fits else ABOVE


@cache
def modules_of(package: str) -> tuple[Module, ...]:
    """All modules of a package but the root's own `__init__` and what protoc writes."""
    folder = PACKAGES[package] / package
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name and not path.name.endswith("_pb2.py"):
            found.append(Module(package, name, path))
    return tuple(found)
