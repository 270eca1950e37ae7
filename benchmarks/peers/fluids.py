"""The properties of a fluid by CoolProp and by teqp, each in an interpreter that has it.

Each is compared with recorded values before it is timed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.calls.fluid_states import WANTED, axes_of, recorded
from benchmarks.harness.block import Run, in_turn

__all__ = ["coolprop", "teqp"]

Array: TypeAlias = NDArray[np.float64]
Computed: TypeAlias = Callable[[Array, Array], Array]
"""The properties, a column each, at temperatures in K and densities in mol/m³."""

_NAMES = ["P", "CVMOLAR", "CPMOLAR", "A"]
_ANY: dict[str, Any] = {"CAS": "0-0-0", "REFPROP_NAME": "N/A", "HASH": ""}
"""What teqp asks of a file that has one component, and does not use."""


@contextlib.contextmanager
def coolprop(name: str) -> Iterator[Run]:
    """All four by one call of `PropsSI` on arrays, which is faster than a call for each.

    Args:
        name: of the fluid, whose file is CoolProp's own.
    """
    from CoolProp.CoolProp import PropsSI

    yield _timed(name, lambda t, rho: np.asarray(PropsSI(_NAMES, "T", t, "Dmolar", rho, name)))


@contextlib.contextmanager
def teqp(name: str) -> Iterator[Run]:
    """What takes a state a call, in a loop: the residual derivatives to order 2 at once, and the ideal one.

    Args:
        name: of the fluid, whose recorded file is read.
    """
    import teqp

    file = recorded(name)["file"]
    equation = file["EOS"][0]
    whole = {**file, "INFO": {**file["INFO"], **_ANY}}
    model = teqp.make_model(
        {"kind": "multifluid", "model": {"components": [whole], "root": "", "BIP": [], "departure": [], "flags": {}}}
    )
    ideal = teqp.IdealHelmholtz([teqp.convert_CoolProp_idealgas(json.dumps(file), 0)])
    one, gas, mass = np.array([1.0]), equation["gas_constant"], equation["molar_mass"]

    def computed(t: Array, rho: Array) -> Array:
        states = list(zip(t.tolist(), rho.tolist(), strict=True))
        residual = np.array([model.get_deriv_mat2(*state, one) for state in states])
        cv = -gas * (residual[:, 2, 0] + [ideal.get_Ar20(*state, one) for state in states])
        z, slope = 1 + residual[:, 0, 1], 1 + 2 * residual[:, 0, 1] + residual[:, 0, 2]
        cross = z - residual[:, 1, 1]
        speed = np.sqrt(gas * t / mass * (slope + gas * cross**2 / cv))
        return np.column_stack([rho * gas * t * z, cv, cv + gas * cross**2 / slope, speed])

    yield _timed(name, computed)


def _timed(name: str, computed: Computed) -> Run:
    known = recorded(name)
    t, rho, *right = (np.array([state[key] for state in known["states"]]) for key in ("T", "rho", *WANTED))
    np.testing.assert_allclose(computed(t, rho), np.column_stack(right), rtol=1e-9)
    t, rho = (each.ravel() for each in np.meshgrid(*axes_of(known["file"]).values(), indexing="ij"))
    return in_turn(lambda: computed(t, rho))
