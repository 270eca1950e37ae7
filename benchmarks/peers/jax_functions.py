"""`jax.jit` of a workload. Runs in an interpreter that has jax.

Written in the two ways that one would write it, broadcast and with vmap; the faster one counts.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import bessel_jn
from jax.scipy.stats import norm

from benchmarks.harness.block import Run, in_turn, timed
from gridgrad import parse
from gridgrad_core.lang.program.program import Program

__all__ = ["derivatives", "drum"]

jax.config.update("jax_enable_x64", True)

WORKLOADS = Path(__file__).parents[2] / "tests" / "workloads"
TRIES = 5

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
    "j0": lambda x: bessel_jn(x, v=0)[0],
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


@contextlib.contextmanager
def derivatives(workload: str, side: int, order: int = 1, first: bool = False) -> Iterator[Run]:
    """The value and partials of a workload, by the faster of both ways.

    Args:
        workload: the name of a file of tests/workloads.
        side: of the grid.
        order: all partials up to it.
        first: whether each call compiles anew.
    """
    content = json.loads((WORKLOADS / f"{workload}.json").read_text())
    names, parameters = list(content["axes"]), content["parameters"]
    spans = [(axis.get("start", 1.0), axis.get("stop", 4.0)) for axis in content["axes"].values()]
    axes = [jnp.linspace(start, stop, side) for start, stop in spans]
    function = function_of(parse(content["expression"], [*names, *parameters]))
    made = _faster(function, names, parameters, axes, order)
    warm = made()
    warm()
    yield in_turn(lambda: made()()) if first else in_turn(warm)


@contextlib.contextmanager
def drum(side: int = 512) -> Iterator[Run]:
    """J0 of the radius on a grid with all partials to order 2. Beside 0 JAX's are nan.

    Args:
        side: of the grid.
    """
    axes = [jnp.linspace(-20.0, 20.0, side)] * 2
    warm = _faster(function_of(parse("j0(sqrt(x**2 + y**2))", ["x", "y"])), ["x", "y"], {}, axes, 2)()
    warm()
    yield in_turn(warm)


def _faster(
    function: Function, names: Sequence[str], parameters: dict[str, float], axes: Sequence[Any], order: int
) -> Callable[[], Callable[[], object]]:
    """Compiles a function with all partials up to an order in the faster of both ways."""
    wanted = [each for n in range(order + 1) for each in itertools.combinations_with_replacement((0, 1), n)]

    def made(way: Callable[..., Function]) -> Callable[[], object]:
        compiled = way(function, names, parameters, wanted)
        return lambda: jax.block_until_ready(compiled(*axes))

    way = min((broadcast, mapped), key=lambda way: _warm_s(made(way)))
    return lambda: made(way)


def _warm_s(call: Callable[[], object]) -> float:
    call()
    return min(timed(call) for _ in range(TRIES))


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
