"""What `import gridgrad` offers and what it loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gridgrad


def test_the_table_and_what_type_checkers_see_agree() -> None:
    tree = ast.parse(Path(gridgrad.__file__).read_text())
    (checked,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in checked.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module or "" for node in imports for alias in node.names}
    assert seen == {**gridgrad._HOMES, **dict.fromkeys(gridgrad._MODULES, "gridgrad")}
    assert all(alias.asname == alias.name for node in imports for alias in node.names)


@pytest.mark.parametrize("name", gridgrad.__all__)
def test_every_name_is_there_and_none_is_hidden_by_a_module(name: str) -> None:
    value = getattr(gridgrad, name)
    assert (f"gridgrad.{name}" in sys.modules) == (name in gridgrad._MODULES)
    assert value is getattr(gridgrad, name)


def test_another_name_is_an_attribute_error_that_lists_them() -> None:
    with pytest.raises(AttributeError, match="linspace"):
        _ = gridgrad.Cleint


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = "{'grpc', 'numpy', 'google.protobuf'}"
    code = f"import gridgrad, sys; gridgrad.GridgradError; print(*{heavy} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_the_page_on_results_names_what_stacks_them_where_it_is() -> None:
    from gridgrad.export import stack
    from gridgrad.results import to_xarray

    assert stack is to_xarray.stack


def test_the_messages_are_a_module_at_their_public_place_too() -> None:
    for how in ("import gridgrad.v1.gridgrad_pb2 as pb", "from gridgrad.v1 import gridgrad_pb2 as pb"):
        code = f"{how}; import gridgrad_core.v1.gridgrad_pb2 as own; print(pb is own, pb.Info(device='cpu').device)"
        ran = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
        assert ran.stdout == "True cpu\n"
    import gridgrad.v1.gridgrad_pb2 as pb

    assert pb.GridGradientRequest(dtype=pb.DTYPE_FLOAT32).dtype == pb.DTYPE_FLOAT32
