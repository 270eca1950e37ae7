"""The functions of the language in C++, taken down while torch computes them.

The direct tier's functions are Python on tensors, some of hundreds of operations. They are run once on one
number, and each operation that torch is asked for becomes a line: both tiers compute the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.library.library_table import LIBRARY
from gridgrad_worker.engines.compiled.codegen.cpp_table import FORMS, SPECIAL
from gridgrad_worker.native.errors import CannotCompileError
from gridgrad_worker.torch_ops.table import VALUES

__all__ = ["Recorded", "literal", "record"]

_EASY_POWERS = {0.5: "sqrt({0})", -0.5: "1 / sqrt({0})", -1.0: "1 / {0}", -2.0: "1 / ({0} * {0})"}
_MOST_FACTORS = 4

_KINDS = {True: "Mask", False: "Vector"}


class Recorded(NamedTuple):
    """A function of the language.

    Args:
        kinds: "Vector" or "Mask" for each parameter.
        kind: of the result.
        lines: C++ of what is computed, from parameters p0, p1, ...
        result: the expression of the result.
        special: whether it needs `cpp/special.h`.
        library: whether it needs the library of special functions.
    """

    kinds: tuple[str, ...]
    kind: str
    lines: tuple[str, ...]
    result: str
    special: bool = False
    library: bool = False


def literal(value: float) -> str:
    """A number in C++, rounded once to the computing type."""
    if value != value:
        return "NOT_A_NUMBER"
    if value in (float("inf"), float("-inf")):
        return "UNBOUNDED" if value > 0 else "-UNBOUNDED"
    return f"Real({float(value).hex()})"


def record(name: str, integers: Sequence[int], dtype: torch.dtype) -> Recorded:
    """Takes down a function.

    Args:
        name: of the language.
        integers: its integer parameters.
        dtype: computed in.

    Raises:
        CannotCompileError: it comes down to something that has no form in C++.
    """
    declared = FUNCTIONS[name]
    kinds = declared.kinds or ("number",) * len(declared.params)
    numbers = [
        torch.ones(1, dtype=torch.bool if kind == "boolean" else dtype) for kind in kinds[len(declared.integers) :]
    ]
    recorder = _Recorder(numbers)
    with torch.no_grad(), recorder:
        result = VALUES[name](*integers, *numbers)
    return Recorded(
        tuple(_KINDS[each.dtype == torch.bool] for each in numbers),
        _KINDS[result.dtype == torch.bool],
        tuple(recorder.lines),
        recorder.text(result),
        recorder.special,
        recorder.library,
    )


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's has no types
    """Takes down what torch is asked for.

    Args:
        parameters: what is computed from.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's has no types
        self.lines: list[str] = []
        self.special = False
        self.library = False
        self._names = {id(each): f"p{n}" for n, each in enumerate(parameters)}
        self._kept: list[object] = list(parameters)  # so that no id is used twice
        self._lists: dict[int, list[Tensor]] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Of torch: without this it imports all of dynamo, which takes a second or two, to be told to stay away."""
        return False

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        self.special = self.special or name in SPECIAL
        self.library = self.library or name in LIBRARY
        self._take(name, args, kwargs or {}, result)
        return result

    def text(self, value: object) -> str:
        """What was computed, or a number, in C++."""
        if isinstance(value, Tensor):
            return self._names[id(value)]
        assert isinstance(value, int | float), value  # noqa: S101 - narrows the type
        return f"broadcast({literal(value)})"

    def _take(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], result: Tensor) -> None:
        self._kept.append(result)
        if name == "stack":
            self._lists[id(result)] = list(args[0])
            return
        if name == "detach":
            self._names[id(result)] = self._names[id(args[0])]
            return
        expression = self._expression(name, args, kwargs, result)
        self._names[id(result)] = variable = f"t{len(self.lines)}"
        self.lines.append(f"const {_KINDS[result.dtype == torch.bool]} {variable} = {expression};")

    def _expression(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], result: Tensor) -> str:
        written = _WRITTEN.get(name)
        if written is not None:
            return written(self, args, kwargs)
        boolean = result.dtype == torch.bool
        if name == "mul" and boolean:
            return FORMS["logical_and"].format(*map(self.text, args))
        if name == "pow" and isinstance(args[1], int | float):
            base, exponent = map(self.text, args)
            return power(base, float(args[1])) or FORMS["pow"].format(base, exponent)
        if name not in FORMS or kwargs.get("alpha", 1) != 1:
            raise CannotCompileError(f"torch's {name} has no form in C++")
        return FORMS[name].format(*map(self.text, args))

    def _sum(self, args: Sequence[Any]) -> str:
        return " + ".join(map(self.text, self._lists[id(args[0])]))

    def _clamp(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        low, high = (*args[1:], None, None)[:2]
        low, high = kwargs.get("min", low), kwargs.get("max", high)
        x = self.text(args[0])
        bounds = (low if low is not None else float("-inf"), high if high is not None else float("inf"))
        return f"clamp({x}, {', '.join(map(self.text, bounds))})"


def power(base: str, exponent: float) -> str | None:
    """A power whose exponent makes it products or roots; None if it is a real power."""
    if exponent in _EASY_POWERS:
        return _EASY_POWERS[exponent].format(base)
    if exponent.is_integer() and 0 <= exponent <= _MOST_FACTORS:
        return {0: "broadcast(Real(1))", 1: base, 4: f"({base} * {base}) * ({base} * {base})"}.get(
            int(exponent), " * ".join([base] * int(exponent))
        )
    return None


_WRITTEN: dict[str, Callable[[_Recorder, Sequence[Any], Mapping[str, Any]], str]] = {
    "full_like": lambda r, args, _: r.text(args[1]),
    "zeros_like": lambda r, _, __: r.text(0.0),
    "ones_like": lambda r, _, __: r.text(1.0),
    "masked_fill": lambda r, args, _: f"select({r.text(args[1])}, {r.text(args[2])}, {r.text(args[0])})",
    "_to_copy": lambda r, args, _: f"select({r.text(args[0])}, {r.text(1.0)}, {r.text(0.0)})",
    "clamp": lambda r, args, kwargs: r._clamp(args, kwargs),
    "sum": lambda r, args, _: r._sum(args),
}
"""What is no form of its arguments alone."""
