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

__all__ = [
    "FACADES",
    "ORDER",
    "PACKAGES",
    "ROOT",
    "TESTS",
    "TESTS_OF_SEVERAL",
    "UPWARDS",
    "WITHOUT_TEST",
    "Module",
    "floor_of",
    "modules_of",
]

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
        "lang.library",
        "lang.program",
        "lang.algebra",
        "lang.local",
        "lang.derive",
        "lang.adjoint",
        "lang.loops",
        "lang.parser",
        "lang.tables",
        "wire",
        "remote",
        "tables",
    ],
    "gridgrad": [
        *(
            "servers",
            "arguments",
            "elements",
            "tracing",
            "tracing.symbolic",
            "formats.trees",
            "formats.notations",
            "formats",
            "fluids",
            "requests",
            "binding",
            "older_servers",
            "results",
            "results.display",
            "protocol",
            "pullbacks",
            "lanes",
            "checks",
            "aio",
            "sync",
            "conformity",
            "cli",
        ),
        *(
            "frameworks",
            "frameworks.torch",
            "frameworks.jax",
            "frameworks.scipy",
            "frameworks.xarray",
            "frameworks.testing",
        ),
    ],
    "gridgrad_server": [
        *("config", "access", "arrays", "memory", "deriving", "reductions", "requests", "scheduling", "segments"),
        *("formulas",),
        *("workers.transports", "workers", "connections", "rpc", "local_sessions", "telemetry"),
        *("http.grids", "http"),
    ],
    "gridgrad_worker": [
        *("runtime", "devices", "native", "torch_ops", "engines", "engines.functional", "engines.layers"),
        *("engines.structured", "engines.structured.planning", "engines.structured.execution"),
        *(
            "engines.compiled.codegen",
            "engines.compiled.runtime",
            "engines.compiled.verification",
            "engines.compiled",
            "engines.cuda",
            "reductions",
            "pullbacks",
            "deriving",
            "registered",
            "models.graphs",
            "models.exported",
            "models.onnx_graphs",
            "models",
            "tracing",
            "cluster",
        ),
    ],
}
FOUNDATIONS = {
    "gridgrad_core": {
        *("bounded_dict", "errors", "grid", "version", "extras", "differences", "shared_cache", "reduction"),
    },
    "gridgrad": {"progress", "local_server"},
    "gridgrad_server": set[str](),
    "gridgrad_worker": set[str](),
}
FACADES = {"gridgrad": {"errors", "export", "jax", "scipy", "testing", "torch", "v1", "xarray"}}
"""Public paths that hand on what is defined elsewhere; they stand outside of the order and of the rule of names."""
UPWARDS = {("results.result", f"results.display.{shown}") for shown in ("figure", "notebook", "undefined")}
"""`Result` shows itself: its methods import what draws and describes when they are called, upwards."""
TESTS = {"gridgrad_core": "core", "gridgrad": "client", "gridgrad_server": "server", "gridgrad_worker": "worker"}
"""The folder under tests/ that mirrors a package."""
WITHOUT_TEST = {
    "gridgrad_core.version": "a constant",
    "gridgrad_core.lang.functions.bessel": "as below",
    "gridgrad_core.lang.functions.elementary": "rows of the table: test_table.py, and every test of the functions",
    "gridgrad_core.lang.functions.elliptic": "as above",
    "gridgrad_core.lang.functions.incomplete": "as above",
    "gridgrad_core.lang.functions.integrals": "as above",
    "gridgrad_core.lang.functions.operators": "as above",
    "gridgrad_core.lang.functions.orthogonal": "as above",
    "gridgrad_core.lang.functions.piecewise": "as above",
    "gridgrad_core.lang.functions.special": "as above",
    "gridgrad_worker.torch_ops.scalars": "torch's own operations by name: test_evaluate.py",
    "gridgrad.formats.trees.formula": "the tree, and tables: test_operator_precedence.py",
    "gridgrad.checks.mpmath_special": "merged into mpmath_functions: test_mpmath_functions.py, and test_table.py",
    "gridgrad.formats.notations.written_forms": "tables: test_writing.py",
    "gridgrad.conformity.grpc_ways": "a real server, in tests/docs/test_docs.py and tests/service/test_conformity.py",
    "gridgrad.conformity.http_ways": "as above",
    "gridgrad.conformity.server": "as above",
    "gridgrad.conformity.session_way": "as above",
    "gridgrad.frameworks.jax.jax_partials": "transforms, in test_jax_operation.py",
    "gridgrad.frameworks.jax.jax_pullback": "real servers, in tests/service/frameworks/test_jax.py",
    "gridgrad.frameworks.torch.torch_pullback": "real servers, in tests/service/frameworks/test_torch.py",
    "gridgrad.frameworks.testing.local": "real servers, in tests/service/test_testing.py",
    "gridgrad_server.config.access_error": "an exception",
    "gridgrad_server.formulas.formula": "what files say: test_formula_file.py",
    "gridgrad_server.workers.owner": "a protocol",
    "gridgrad_server.workers.transports.transport": "protocols; what holds of them is contract.py beside the tests",
    "gridgrad_worker.devices.streams": "test_transfers.py on a simulated GPU, test_gpu.py on a real one",
    "gridgrad_worker.engines.compiled.codegen.cpp_table": "rows of a table, held by test_functions.py, compiled",
    "gridgrad_worker.models.batch_model": "what loaders hand on: test_author_module.py",
    "gridgrad_worker.models.exported.operations": "a list of names: test_exported_graph.py",
    "gridgrad_worker.models.onnx_graphs.combining": "each operator, in test_onnx_graph.py",
    "gridgrad_worker.models.onnx_graphs.node": "as above",
    "gridgrad_worker.models.onnx_graphs.reference": "what operators are compared with, in test_onnx_graph.py",
    "gridgrad_worker.models.onnx_graphs.shapes": "each operator, in test_onnx_graph.py",
    "gridgrad_worker.models.graphs.graph_program": "what it computes: test_exported_model.py",
    "gridgrad_worker.models.frozen": "what is refused by it: test_author_module.py",
    "gridgrad_worker.models.model_files": "which files there are: test_model_loading.py",
    "gridgrad_worker.engines.layers.tape_formulas": "torch's formulas by name: test_tape_reader.py",
    "gridgrad_worker.native.errors": "an exception",
    "gridgrad_worker.engines.compiled.compiler": "a protocol",
    "gridgrad_worker.engines.cuda.launches": "calls of CUDA's driver: test_gpu.py, where there is a GPU",
    "gridgrad_worker.engines.cuda.start": "as above",
    "gridgrad_worker.ray_bridge": "a real cluster: tests/service/test_ray.py",
    "gridgrad_worker.ray_worker": "as above",
    "gridgrad_worker.serving": "what every worker process is made by: tests/worker/test_loop.py",
}
"""Modules that no test file is named after, and why."""
TESTS_OF_SEVERAL = {
    "client/aio/test_counted.py",
    "client/aio/test_results_as_they_come.py",
    "client/sync/test_fork.py",
    "core/lang/test_random_texts.py",
    "client/formats/notations/test_recorded.py",
    "client/test_exports.py",
    "client/test_laptop.py",
    "client/tracing/test_random_functions.py",
    "server/telemetry/test_dashboard.py",
    "server/test_main.py",
    "worker/engines/compiled/test_formulas.py",
    "worker/engines/compiled/test_functions.py",
    "worker/engines/compiled/test_grids.py",
    "worker/engines/compiled/test_compiled_corners.py",
    "worker/engines/compiled/test_programs.py",
    "worker/engines/compiled/test_sanitized.py",
    "worker/engines/cuda/test_gpu.py",
    "worker/engines/cuda/test_gpu_script.py",
    "worker/engines/rewriting/test_compiled.py",
    "worker/engines/rewriting/test_grids.py",
    "worker/engines/rewriting/test_programs.py",
    "worker/engines/structured/test_company.py",
    "worker/engines/structured/test_memory.py",
    "worker/engines/test_array_sums.py",
    "worker/engines/test_corners.py",
    "worker/engines/test_derived_programs.py",
    "worker/engines/test_folds.py",
    "worker/engines/test_roots.py",
    "worker/engines/test_saturation.py",
    "worker/engines/test_solving.py",
    "worker/engines/test_tables.py",
    "worker/native/test_large_parameters.py",
    "worker/native/test_polylogarithms.py",
    "worker/engines/test_workloads.py",
    "worker/registered/test_examples.py",
    "worker/registered/test_torch_faults.py",
    "worker/runtime/test_environment.py",
    "worker/test_repeated_requests.py",
    "worker/torch_ops/test_awkward_points.py",
    "worker/torch_ops/test_operations_of_two.py",
    "worker/torch_ops/test_random_programs.py",
}
"""Tests of what several modules do together."""
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

    @property
    def test(self) -> str:
        """The file of its test under tests/."""
        folder = "/".join((TESTS[self.package], *self.folder.split("."))).rstrip("/")
        return f"{folder}/test_{self.stem}.py"

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
