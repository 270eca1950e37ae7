"""Calls that come to a choice: `piecewise((c1, a), (c2, b), ..., default)` and `lambertw(x, -1)` in a text.

The pairs of the first are choices in each other, the first pair outermost. A branch of a function is a function by
itself, since no derivative goes from one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.incomplete import BRANCHES
from gridgrad_core.lang.functions.piecewise import PIECEWISE
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["choice_of", "on_branch"]

_EXAMPLE = f"as in {PIECEWISE.name}((x < 0, 0), (x < 1, x), 1)"


def choice_of(operations: TypedBuilder, call: Token, arguments: Sequence[Value]) -> Value:
    """What a call comes to.

    Args:
        operations: where the nodes are.
        call: the name of the function, for messages.
        arguments: the pairs of a condition and an expression, and what is taken where no condition holds.

    Raises:
        Mistake: the arguments are no such pairs, or the last one is missing.
    """
    if len(arguments) < 2 or arguments[-1].items is not None:
        start = arguments[-1].start if len(arguments) > 1 else call.start
        remedy = f"write pairs, and last what it is where no condition holds, {_EXAMPLE}; nan leaves it open"
        raise Mistake(start, "a piecewise without an expression after its pairs", remedy)
    *pairs, value = arguments
    for pair in reversed(pairs):
        condition, chosen = _halves(pair)
        value = operations.operator("where", pair.start, condition, chosen, value)
    return value


def _halves(pair: Value) -> Sequence[Value]:
    if pair.items is None or len(pair.items) != 2:
        raise Mistake(
            pair.start, "no pair of a condition and an expression", f"write (condition, expression), {_EXAMPLE}"
        )
    condition, chosen = pair.items
    if condition.kind == "number" and chosen.kind == "boolean":
        raise Mistake(pair.start, "a pair with its condition last", f"write (condition, expression), {_EXAMPLE}")
    return pair.items


def on_branch(operations: TypedBuilder, function: Function, arguments: list[Value]) -> tuple[Function, list[Value]]:
    """What is called, and with what.

    Args:
        operations: where the nodes are.
        function: by the name in the text.
        arguments: of the call, the number of the branch last where there is one.

    Raises:
        Mistake: there is no such branch.
    """
    branches = BRANCHES.get(function.name)
    if branches is None or len(arguments) != 1 + len(function.params):
        return function, arguments
    *others, number = arguments
    known = None if number.items is not None else operations.known(number)
    if known is None or known not in branches:
        choices = " or ".join(map(str, branches))
        remedy = f"write {choices}, as in {function.name}({', '.join(function.params)}, -1)"
        raise Mistake(number.start, f"a branch of {function.name} that is not real", remedy)
    return FUNCTIONS[branches[int(known)]], others
