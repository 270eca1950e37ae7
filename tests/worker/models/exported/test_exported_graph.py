"""What is refused of exported programs: what is not run, and what is not as torch.export writes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gridgrad_worker.models.exported.archive import ProgramArchive
from gridgrad_worker.models.exported.exported_graph import ExportedGraph
from gridgrad_worker.registered.registration import FunctionError
from tests.worker.models.exported.programs import exported, rewritten


class Ungraded(nn.Module):
    """A part of it has no gradient, whatever is asked."""

    def forward(self, x: Tensor) -> Tensor:
        """A sine with a cosine for a constant."""
        with torch.no_grad():
            held = torch.cos(x)
        return torch.sin(x) * held


@pytest.fixture(scope="module")
def program() -> bytes:
    return exported(nn.Linear(2, 1).double(), torch.rand(3, 2, dtype=torch.float64))


def refused(data: bytes) -> str:
    archive = ProgramArchive(data)
    with pytest.raises(FunctionError) as found:
        ExportedGraph(archive)
    return str(found.value)


def test_what_it_takes(program: bytes) -> None:
    graph = ExportedGraph(ProgramArchive(program))
    assert [each[1:] for each in graph.inputs] == [(torch.float64, (None, 2))]
    assert graph.settings is None


def test_a_block_without_gradients_is_refused() -> None:
    assert "wrap_with_set_grad_enabled, which is not run here; take torch.no_grad() out" in refused(
        exported(Ungraded(), torch.rand(3, 2))
    )


def set_target(target: str) -> Callable[[Any], None]:
    return lambda content: content["graph_module"]["graph"]["nodes"][0].update(target=target)


def set_input(**changes: Any) -> Callable[[Any], None]:
    return lambda content: content["graph_module"]["graph"]["tensor_values"]["input"].update(changes)


def set_output(spec: Any) -> Callable[[Any], None]:
    return lambda content: content["graph_module"]["signature"].update(output_specs=[spec])


def set_argument(argument: Any) -> Callable[[Any], None]:
    return lambda content: content["graph_module"]["graph"]["nodes"][0]["inputs"][0].update(arg=argument)


@pytest.mark.parametrize(
    ("rewrite", "message"),
    [
        (
            set_target("torch.ops.aten.from_file.default"),
            r"calls torch\.ops\.aten\.from_file\.default, which is not run",
        ),
        (set_target("torch.ops.aten.empty.memory_format"), "empty.memory_format, which is not run here"),
        (set_target("torch.ops.mine.cube.default"), "custom ones have no derivatives here"),
        (set_target("torch.ops.higher_order.cond"), r"cond, which is not run here; write torch\.where"),
        (set_target("torch.ops.aten.add.out"), r"add\.out, which this torch has not"),
        (set_target("torch.ops.aten.add.__class__"), "which this torch has not"),
        (set_target("os.system"), r"calls os\.system, which is not run here"),
        (set_input(dtype=5), r"'input' is of torch\.int64; export it with floating numbers"),
        (
            set_output({"buffer_mutation": {"buffer_name": "mean"}}),
            r"changes 'mean' when it",
        ),
        (set_argument({"as_custom_obj": {"name": "a"}}), "has an argument as_custom_obj, which is not read"),
        (set_argument({}), "is not as torch.export writes it"),
        (lambda content: content.update(schema_version={"major": 9}), "its schema is version 9; export it again"),
        (lambda content: content.pop("graph_module"), "is not as torch.export writes it: KeyError"),
    ],
)
def test_programs_that_are_refused(program: bytes, rewrite: Callable[[Any], None], message: str) -> None:
    why = refused(rewritten(program, "models/model.json", rewrite))
    assert re.search(message, why)
    assert why.startswith("its program is not as torch.export writes it") == ("torch.export writes it" in message)
