"""The rules of the project itself: what may import what, what is generated, what is public."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import os
import pkgutil
import site
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import gridgrad
from tests.layout import (
    ORDER,
    PACKAGES,
    ROOT,
    TESTS,
    TESTS_OF_SEVERAL,
    UPWARDS,
    WITHOUT_TEST,
    Module,
    floor_of,
    modules_of,
)

IMPORT_GRIDGRAD_S = 0.3


def sources(package: str) -> list[Path]:
    """The modules that people wrote, not protoc."""
    return [path for path in sorted(PACKAGES[package].rglob("*.py")) if not path.name.endswith("_pb2.py")]


def modules(package: str) -> list[str]:
    """The names of all modules of a package but those that run when imported."""
    folder = PACKAGES[package] / package
    found = pkgutil.walk_packages([str(folder)], f"{package}.")
    return [package, *(module.name for module in found if not module.name.endswith("__main__"))]


ALL_SOURCES = [path for package in PACKAGES for path in sources(package)]
ALL_MODULES = [name for package in PACKAGES for name in modules(package)]


def run_fresh(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(*names: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after importing these."""
    return set(run_fresh(f"import sys, {', '.join(names)}; print(*sys.modules, sep='\\n')").split("\n"))


def any_of(loaded: set[str], *packages: str) -> set[str]:
    return {name for name in loaded if any(name == p or name.startswith(f"{p}.") for p in packages)}


def imports_of(path: Path) -> Iterator[str]:
    """Every absolute import in a file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# What may import what


INTEGRATIONS = {
    "gridgrad.torch": {"torch"},
    "gridgrad.jax": {"jax", "scipy"},
    "gridgrad.scipy": {"scipy"},
    "gridgrad.xarray": {"dask", "xarray"},
    "gridgrad.frameworks.torch": {"torch"},
    "gridgrad.frameworks.jax": {"jax", "scipy"},
    "gridgrad.frameworks.scipy": {"scipy"},
    "gridgrad.frameworks.xarray": {"dask", "xarray"},
}
"""Parts of the client for callers that have another package: they may load these, and no other part may."""


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("gridgrad", ("gridgrad_server", "gridgrad_worker", "torch", "jax", "scipy", *INTEGRATIONS)),
        ("gridgrad_core", ("gridgrad", "gridgrad_server", "gridgrad_worker", "torch", "grpc")),
        ("gridgrad_server", ("gridgrad", "gridgrad_worker", "torch")),
        ("gridgrad_worker", ("gridgrad", "grpc", "gridgrad_server")),
    ],
)
def test_a_package_never_loads_what_it_must_not(package: str, forbidden: tuple[str, ...]) -> None:
    every = {*modules(package)}
    assert not any_of(loaded_by(*sorted(every - any_of(every, *INTEGRATIONS))), *forbidden)
    folders = [PACKAGES["gridgrad"] / name.replace(".", "/") for name in INTEGRATIONS]
    for path in sources(package):
        if not any(path.is_relative_to(folder) for folder in folders):
            assert not any_of(set(imports_of(path)), *forbidden), path


@pytest.mark.parametrize(("name", "own"), INTEGRATIONS.items())
def test_an_integration_loads_its_own_package_alone(name: str, own: set[str]) -> None:
    assert not any_of(loaded_by(name), "gridgrad_server", "gridgrad_worker", *{"torch", "jax", "scipy"} - own)


def test_the_language_takes_no_other_package() -> None:
    """So that `make test-floor`, which has the oldest versions of others, need not test it again."""
    for path in sources("gridgrad_core"):
        if path.is_relative_to(PACKAGES["gridgrad_core"] / "gridgrad_core" / "lang"):
            assert not any_of(set(imports_of(path)), "google", "grpc", "numpy"), path


MOST_MODULES = 12
DEEPEST = 4


def inside(package: str) -> Iterator[tuple[Module, str]]:
    """Each module with each module or folder of the same package that it imports."""
    every = {module.name for module in modules_of(package)} | set(ORDER[package])
    for module in modules_of(package):
        for full in module.imported():
            owner, _, name = full.partition(".")
            if owner == package and name:
                yield module, name if name in every else name.rpartition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_are_small_and_not_deep(package: str) -> None:
    sizes = Counter(module.folder for module in modules_of(package) if not module.stem.startswith("__"))
    assert {folder: size for folder, size in sizes.items() if size > MOST_MODULES} == {}
    assert [module.name for module in modules_of(package) if len(module.folder.split(".")) > DEEPEST] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_modules_of_a_package_have_one_name(package: str) -> None:
    named = defaultdict(list)
    for module in modules_of(package):
        if not module.stem.startswith("__") and not module.is_facade and module.folder != "sync":
            named[module.stem].append(module.name)
    assert {stem: names for stem, names in named.items() if len(names) > 1} == {}


def test_no_two_public_classes_have_one_name() -> None:
    named = defaultdict(list)
    for package in PACKAGES:
        for module in modules_of(package):
            for node in module.tree().body if module.folder != "sync" else []:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    named[node.name].append(f"{package}.{module.name}")
    assert {name: homes for name, homes in named.items() if len(homes) > 1} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_has_its_place_in_the_order(package: str) -> None:
    folders = {module.folder for module in modules_of(package) if module.folder and not module.is_facade}
    assert {folder for folder in folders if folder not in ORDER[package] and folder != "lang"} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_module_imports_only_what_stands_below_it(package: str) -> None:
    upwards = {
        (module.name, name)
        for module, name in inside(package)
        if name and floor_of(package, name) > module.floor and (module.name, name) not in UPWARDS
    }
    assert upwards == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    below: dict[str, set[str]] = defaultdict(set)
    for module, name in inside(package):
        if name != module.name and (module.name, name) not in UPWARDS:
            below[module.name].add(name)
    try:
        TopologicalSorter(below).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def twins(test: str) -> set[str]:
    """The names of a test's file: what is generated from the asyncio client is tested in either folder, or both."""
    return {test.replace("client/sync/", "client/aio/"), test.replace("client/aio/", "client/sync/")}


def test_tests_mirror_the_packages() -> None:
    found = {
        str(path.relative_to(ROOT / "tests"))
        for top in TESTS.values()
        for path in ROOT.glob(f"tests/{top}/**/test_*.py")
    }
    modules = [
        module
        for package in PACKAGES
        for module in modules_of(package)
        if not module.stem.startswith("__") and not module.is_facade
    ]
    untested = {f"{module.package}.{module.name}" for module in modules if not twins(module.test) & found}
    assert {name.replace("gridgrad.sync.", "gridgrad.aio.") for name in untested} == WITHOUT_TEST.keys()
    mirrored = {test for module in modules for test in twins(module.test)}
    assert found - mirrored == TESTS_OF_SEVERAL


def test_the_language_loads_on_bare_python() -> None:
    language = [name for name in modules("gridgrad_core") if name.startswith("gridgrad_core.lang")]
    assert not any_of(loaded_by(*language), "grpc", "numpy", "google.protobuf", "torch")


def test_importing_the_client_is_quick() -> None:
    code = "import time; start = time.perf_counter(); import gridgrad; print(time.perf_counter() - start)"
    best_s = min(float(run_fresh(code)) for _ in range(5))
    assert best_s < IMPORT_GRIDGRAD_S


def test_everything_runs_uninstalled() -> None:
    # -S leaves out .pth files and so the editable install; site-packages comes back by its path
    paths = [*map(str, PACKAGES.values()), *site.getsitepackages()]
    code = "import gridgrad.v1, gridgrad_server, gridgrad_worker; print(gridgrad.__version__, gridgrad.__file__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [gridgrad.__version__, str(ROOT / "client/gridgrad/__init__.py")]


# What is forbidden everywhere


@pytest.mark.parametrize("path", ALL_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_runs_text_or_unpickles(path: Path) -> None:
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"eval", "exec", "compile", "__import__"}
    # multiprocessing pickles what it passes on
    assert not any_of(set(imports_of(path)), "pickle", "marshal", "shelve", "dill", "cloudpickle", "multiprocessing")


# What is generated, and what stands in one place


def test_the_generated_code_is_current(tmp_path: Path) -> None:
    subprocess.run(["make", "--no-print-directory", "proto", f"OUT={tmp_path}"], cwd=ROOT, check=True)  # noqa: S607 - from PATH
    generated = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*_pb2.py*"))
    committed = [path for path in PACKAGES["gridgrad_core"].rglob("*_pb2.py*") if path.suffix != ".pyc"]
    assert generated == sorted(path.relative_to(ROOT) for path in committed)
    for path in generated:
        assert (ROOT / path).read_text() == (tmp_path / path).read_text(), f"run make proto: {path} differs"


def test_the_version_stands_in_one_place() -> None:
    assert importlib.metadata.version("gridgrad") == gridgrad.__version__
    holders = [path for path in ALL_SOURCES if f'"{gridgrad.__version__}"' in path.read_text()]
    assert holders == [ROOT / "core/gridgrad_core/version.py"]
    assert f"## [{gridgrad.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


# What is public


@pytest.mark.parametrize("name", ALL_MODULES)
def test_public_names_exist_and_are_explained(name: str) -> None:
    module = importlib.import_module(name)
    if name.endswith("_pb2"):
        return
    assert module.__doc__
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{name}.{public} has no docstring"


def test_what_the_client_offers_is_sorted_and_complete() -> None:
    assert list(gridgrad.__all__) == sorted(gridgrad.__all__)
    assert set(gridgrad.__all__) <= set(dir(gridgrad))


def test_the_packages_say_that_they_are_typed() -> None:
    for package, folder in PACKAGES.items():
        assert (folder / package / "py.typed").exists(), package
