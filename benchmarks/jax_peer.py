"""The peer of the engine's benchmark: `jax.jit` of the same function. Runs in an interpreter that has jax.

It answers lines of JSON on standard input: {"text", "axes": [[name, start, stop, num], ...],
"parameters", "derivatives", "calls"}, each with {"first_s", "calls_s"} of the derivatives, tuples of positions of axes.
Written in the two ways that one would write it, broadcast and with vmap; the faster one counts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.stats import norm

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.program import Program

jax.config.update("jax_enable_x64", True)

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": jnp.add,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "div": jnp.divide,
    "neg": jnp.negative,
    "exp": jnp.exp,
    "log": jnp.log,
    "sqrt": jnp.sqrt,
    "norm_cdf": norm.cdf,
}

Function = Callable[..., Any]
Wanted = Sequence[Sequence[int]]


def function_of(program: Program) -> Function:
    """A program as a function of numbers or arrays, by the names of its inputs."""

    def function(**inputs: Any) -> Any:
        values: list[Any] = []
        for node in program.nodes:
            if node.op == "input":
                values.append(inputs[str(node.value)])
            elif node.op == "const":
                values.append(node.value)
            elif node.op == "pow":
                values.append(values[node.args[0]] ** _whole(values[node.args[1]]))
            else:
                values.append(_OPERATIONS[node.op](*(values[i] for i in node.args)))
        return values[program.outputs[0]]

    return function


def broadcast(function: Function, names: Sequence[str], parameters: dict[str, float], wanted: Wanted) -> Function:
    """The value and partials of arrays that broadcast, one forward derivative for each order of each axis."""

    def along(x: Any, y: Any) -> Any:
        grids = jnp.broadcast_arrays(x[:, None], y[None])

        def of(*grids: Any) -> Any:
            return function(**dict(zip(names, grids, strict=True)), **parameters)

        return [_partial(of, each)(*grids) for each in wanted]

    jitted: Function = jax.jit(along)
    return jitted


def _partial(function: Function, wrt: Sequence[int]) -> Function:
    if not wrt:
        return function
    *before, last = wrt
    inner = _partial(function, before)

    def derivative(*grids: Any) -> Any:
        def one(t: Any) -> Any:
            return inner(*grids[:last], t, *grids[last + 1 :])

        return jax.jvp(one, (grids[last],), (jnp.ones_like(grids[last]),))[1]

    return derivative


def mapped(function: Function, names: Sequence[str], parameters: dict[str, float], wanted: Wanted) -> Function:
    """The value and partials at a point, mapped over both axes."""

    def at(x: Any, y: Any) -> Any:
        def of(*point: Any) -> Any:
            return function(**dict(zip(names, point, strict=True)), **parameters)

        results = []
        for each in wanted:
            derivative = of
            for position in each:
                derivative = jax.jacfwd(derivative, position)
            results.append(derivative(x, y))
        return results

    jitted: Function = jax.jit(jax.vmap(jax.vmap(at, (None, 0)), (0, None)))
    return jitted


def measured(asked: dict[str, Any]) -> dict[str, Any]:
    """The first call and the later ones, in seconds."""
    program = parse(asked["text"], [name for name, *_ in asked["axes"]] + list(asked["parameters"]))
    axes = [jnp.linspace(start, stop, num) for _, start, stop, num in asked["axes"]]
    names = [name for name, *_ in asked["axes"]]
    answers = []
    for way in (broadcast, mapped):
        started_at = time.perf_counter()
        compiled = way(function_of(program), names, asked["parameters"], asked["derivatives"])
        jax.block_until_ready(compiled(*axes))
        first_s = time.perf_counter() - started_at
        answers.append({"first_s": first_s, "calls_s": [_timed(compiled, axes) for _ in range(asked["calls"])]})
    return min(answers, key=lambda answer: sorted(answer["calls_s"])[len(answer["calls_s"]) // 2])


def _timed(compiled: Function, axes: Sequence[Any]) -> float:
    started_at = time.perf_counter()
    jax.block_until_ready(compiled(*axes))
    return time.perf_counter() - started_at


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def main() -> None:
    """Answers until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(measured(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
