"""The client for threads is what `make sync` makes of the one for asyncio, and has nothing else but what is named."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
SYNC, AIO = ROOT / "client/gridgrad/sync", ROOT / "client/gridgrad/aio"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_sync", ROOT / "client/generate_sync.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_up_to_date(generator: ModuleType) -> None:
    generated: dict[str, str] = generator.generated()
    committed = {path.name: path.read_text() for path in SYNC.glob("*.py") if path.stem not in generator.BY_HAND}
    assert committed.keys() == generated.keys()
    for name, text in generated.items():
        assert committed[name] == text, f"run make sync: sync/{name} differs"


def test_nothing_in_it_is_asynchronous(generator: ModuleType) -> None:
    for name, text in generator.generated().items():
        nodes = list(ast.walk(ast.parse(text)))
        found = [node for node in nodes if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.Await)]
        modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
        assert not found, f"sync/{name}:{found[0].lineno}"
        assert not [module for module in modules if module and "aio" in module], name


@pytest.mark.parametrize("module", ["primitives", "session_socket"])
def test_what_is_written_by_hand_has_the_same_names_in_both(module: str) -> None:
    own, other = (_members(folder / f"{module}.py") for folder in (SYNC, AIO))
    assert own == other


def _members(path: Path) -> dict[str, list[str]]:
    """The public classes and functions of a module, with their public methods or their parameters."""
    found: dict[str, list[str]] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            members = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            found[node.name] = sorted(_signature(each) for each in members if not each.name.startswith("_"))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            found[node.name] = [_signature(node)]
    return found


def _signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return f"{function.name}({', '.join(each.arg for each in function.args.args)})"
