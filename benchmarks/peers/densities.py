"""Densities of nitrogen from temperature and pressure by others: Newton's method in `jax.jit` of `vmap`, and CoolProp.

Each runs in an interpreter that has what it takes, and gives the density with both partials.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.calls.equations import GAS, density_request
from benchmarks.harness.block import Run, in_turn
from gridgrad import parse

__all__ = ["coolprop", "newton"]

TOLERANCE, MOST = 1e-14, 100
MOLAR = ("Dmolar", "d(Dmolar)/d(T)|P", "d(Dmolar)/d(P)|T")


@contextlib.contextmanager
def newton() -> Iterator[Run]:
    """Newton's steps from the ideal gas until each is rounding, and the implicit function theorem for the partials."""
    import jax
    import jax.numpy as jnp

    from benchmarks.peers.jax_functions import function_of

    pressure = function_of(parse(density_request("points")[0]))

    def density(t: Any, p: Any) -> Any:
        def step(state: Any) -> Any:
            rho, _, count = state
            value, slope = jax.jvp(lambda rho: pressure(T=t, rho=rho), (rho,), (1.0,))
            change = (value - p) / slope
            return rho - change, change, count + 1

        def goes_on(state: Any) -> Any:
            rho, change, count = state
            return (jnp.abs(change) > TOLERANCE * jnp.abs(rho)) & (count < MOST)

        rho, _, _ = jax.lax.while_loop(goes_on, step, (p / (GAS * t), jnp.inf, 0))
        by_t, by_rho = (jax.grad(lambda t, rho: pressure(T=t, rho=rho), n)(t, rho) for n in (0, 1))
        return rho, -by_t / by_rho, 1 / by_rho

    computed = jax.jit(jax.vmap(jax.vmap(density, (None, 0)), (0, None)))
    axes = [jnp.asarray(each) for each in density_request("solved")[1].values()]
    found = np.asarray(computed(*axes)[0])
    assert np.isfinite(found).all(), f"{np.isnan(found).sum()} densities were not found"
    yield in_turn(lambda: jax.block_until_ready(computed(*axes)))


@contextlib.contextmanager
def coolprop() -> Iterator[Run]:
    """`PropsSI` on arrays, once for the density and once for each partial."""
    from CoolProp.CoolProp import PropsSI

    temperatures, pressures = density_request("solved")[1].values()
    t, p = (each.ravel() for each in np.meshgrid(temperatures, pressures, indexing="ij"))
    yield in_turn(lambda: [PropsSI(each, "T", t, "P", p, "Nitrogen") for each in MOLAR])
