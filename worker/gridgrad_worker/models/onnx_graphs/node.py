"""A node of an ONNX graph as operators see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from gridgrad_worker.registered.registration import FunctionError

__all__ = ["Built", "OnnxNode", "Operators"]

Built = Callable[..., Any]
"""Takes a tensor for each input, None for one that is left out; returns a tensor, or a tuple of them."""


class OnnxNode(NamedTuple):
    """A node.

    Args:
        operator: the name of its operator, of ONNX's own domain.
        version: of the operators of its graph.
        attributes: numbers and texts as Python has them, tensors as such; floats are of single precision by the format.
        constants: of each input its value, if it depends on no input of the graph.
        outputs: how many it has.
        dtypes: what becomes of a dtype, by its number in ONNX.
    """

    operator: str
    version: int
    attributes: Mapping[str, Any]
    constants: Sequence[Tensor | None]
    outputs: int
    dtypes: Callable[[int], Any]

    def get(self, name: str, default: Any) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)

    def constant(self, position: int) -> Tensor | None:
        """The value of an input, which must not depend on inputs of the graph; None where it is left out.

        Raises:
            FunctionError: it does.
        """
        if position >= len(self.constants):
            return None
        found = self.constants[position]
        if found is None:
            raise FunctionError(
                f"its {self.operator} has an input {position} that depends on inputs; make it a constant, "
                "since shapes must be the same at all points"
            )
        return found

    def ints(self, attribute: str, position: int, since: int) -> list[int] | None:
        """Integers that are an attribute, or an input since a version; None where they are left out."""
        if self.version < since:
            found = self.attributes.get(attribute)
            return None if found is None else [int(each) for each in found]
        value = self.constant(position)
        return None if value is None else [int(each) for each in value.reshape(-1).tolist()]


Operators = Mapping[str, Callable[[OnnxNode], Built]]
"""By their names, what builds the operation of a node."""
