"""A graph of operations as a function of tensors: steps that are called one after another.

It is run as data: nothing of a file becomes source, as it does in a torch.fx.GraphModule. A tracer sees plain calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["GraphProgram", "GraphStep", "ValueName"]


class ValueName(NamedTuple):
    """A value by its name in the graph."""

    name: str


class GraphStep(NamedTuple):
    """A call of an operation.

    Args:
        operation: what is called.
        positional, by_name: arguments, in which a `ValueName` stands for its value, in lists too.
        outputs: the names of what it returns; several where it returns a tuple or list, none where nothing is kept.
    """

    operation: Callable[..., Any]
    positional: tuple[Any, ...]
    by_name: Mapping[str, Any]
    outputs: tuple[str, ...] | str

    def run(self, values: dict[str, Any]) -> None:
        """Calls it and keeps what it returns among the values."""
        positional = [_value(each, values) for each in self.positional]
        by_name = {name: _value(each, values) for name, each in self.by_name.items()}
        found = self.operation(*positional, **by_name)
        if isinstance(self.outputs, str):
            values[self.outputs] = found
        else:
            values.update(zip(self.outputs, found, strict=True))


class GraphProgram:
    """A function of tensors.

    Args:
        inputs: names of what it is called with.
        constants: values by name.
        steps: in an order in which each has its arguments.
        outputs: names of what it returns.
    """

    def __init__(
        self, inputs: Sequence[str], constants: Mapping[str, Any], steps: Sequence[GraphStep], outputs: Sequence[str]
    ) -> None:
        self._inputs = inputs
        self._constants = constants
        self._steps = steps
        self._outputs = outputs

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        """The outputs for some tensors."""
        values = dict(self._constants) | dict(zip(self._inputs, given, strict=True))
        for step in self._steps:
            step.run(values)
        return tuple(values[name] for name in self._outputs)


def _value(argument: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(argument, ValueName):
        return values[argument.name]
    return [_value(each, values) for each in argument] if isinstance(argument, list) else argument
