"""All fluids that CoolProp ships, beside CoolProp and mpmath: prints what differs most.

--write records sample.json and saturation.json.

make test-formats; 1 if a derivative is farther from mpmath's than it should be.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gridgrad.checks import mpmath_reference
from gridgrad.fluids import PROPERTIES, read_fluid
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from tests.core.lang.evaluator import evaluate

SAMPLE = Path(__file__).with_name("sample.json")
SATURATION = Path(__file__).with_name("saturation.json")
SATURATED = ("Water", "Nitrogen", "Ammonia", "D6", "R125", "DiethylEther")
SAMPLED = ("Water", "Methanol", "Ammonia", "R125", "R21", "Nitrogen", "D6", "HFE143m", "Air")
"""All types of terms, between them."""
STATES = ((0.7, 0.01), (0.9, 1e-4), (1.0001, 1.001), (0.999, 0.95), (1.3, 0.3), (1.3, 2.4), (0.5, 1.5), (0.4, 1e-8))
"""tau and delta, from an ideal gas to compressed liquid, and beside the critical point."""
ALLOWED = 1e-10
ORDERS = [("delta",) * i + ("tau",) * (n - i) for n in range(5) for i in range(n, -1, -1)]


class Compared(NamedTuple):
    """A derivative at a state, and how far off ours and CoolProp's are, relative to mpmath's."""

    order: int
    ours: float
    theirs: float
    what: str


def method(part: str, by: tuple[str, ...]) -> str:
    """What CoolProp calls a derivative."""
    powers = {"_dDelta": by.count("delta"), "_dTau": by.count("tau")}
    named = "".join(f"{name}{count if count > 1 else ''}" for name, count in powers.items() if count)
    return f"d{len(by) if len(by) > 1 else ''}{part}{named}" if by else part


def file_of(name: str) -> Any:
    """The file of a fluid."""
    from CoolProp.CoolProp import get_fluid_param_string

    return json.loads(get_fluid_param_string(name, "JSON"))[0]


def compared(name: str) -> Iterator[Compared]:
    """All derivatives of the residual part to order 4 at all states."""
    import CoolProp

    fluid, state = read_fluid(file_of(name)), CoolProp.AbstractState("HEOS", name)
    derived = derive(parse(fluid.residual), ORDERS)
    for tau, delta in STATES:
        state.update(CoolProp.DmolarT_INPUTS, delta * fluid.reducing_density, fluid.reducing_temperature / tau)
        at = {"tau": fluid.reducing_temperature / state.T(), "delta": delta}
        ours = evaluate(derived.program, **at)
        right = mpmath_reference.evaluate(derived.program, at)
        for by, seen, exact in zip(derived.derivatives, ours, right, strict=True):
            theirs = getattr(state, method("alphar", by))()
            mine, other = (float(abs(value - exact) / abs(exact)) if exact else abs(value) for value in (seen, theirs))
            where = f"{name}, {method('alphar', by)} at tau = {tau}, delta = {delta}"
            yield Compared(len(by), mine, other, where)


def table() -> float:
    """Prints the worst of each order; the worst of ours."""
    from CoolProp.CoolProp import FluidsList

    names = sorted(FluidsList())
    found = [each for name in names for each in compared(name)]
    print(f"{len(names)} fluids of CoolProp, {len(found):,} derivatives; relative differences from 50 digits")
    for order in range(5):
        of_order = [each for each in found if each.order == order]
        middle = sorted(each.ours for each in of_order)[len(of_order) // 2]
        for which in ("ours", "theirs"):
            worst = max(of_order, key=lambda each: getattr(each, which))
            print(f"order {order}: {which} at most {getattr(worst, which):.1e}, {worst.what}")
        print(f"order {order}: ours {middle:.1e} in the median")
    return max(each.ours for each in found)


def sampled(name: str) -> dict[str, Any]:
    """A file with what is read of it alone, and CoolProp's values."""
    import CoolProp

    equation = file_of(name)["EOS"][0]
    reducing = equation["STATES"]["reducing"]
    kept = {key: equation[key] for key in ("gas_constant", "gas_constant_units", "molar_mass", "molar_mass_units")}
    kept |= {"alphar": equation["alphar"], "alpha0": equation["alpha0"]}
    kept["STATES"] = {"reducing": {key: reducing[key] for key in ("T", "T_units", "rhomolar", "rhomolar_units")}}
    state, states = CoolProp.AbstractState("HEOS", name), []
    for tau, delta in ((0.7, 0.01), (0.98, 1.001), (0.9, 2.4)):
        at = {"T": reducing["T"] / tau, "rho": reducing["rhomolar"] * delta}
        state.update(CoolProp.DmolarT_INPUTS, at["rho"], at["T"])
        methods = {"cv": "cvmolar", "cp": "cpmolar", "w": "speed_sound", "h": "hmolar", "u": "umolar", "s": "smolar"}
        methods |= {"g": "gibbsmolar"}
        values = {key: getattr(state, methods.get(key, key))() for key in PROPERTIES if key != "fugacity"}
        values |= {"delta": at["rho"] / reducing["rhomolar"], "tau": reducing["T"] / at["T"]}
        for part in ("alphar", "alpha0"):
            values[part] = [[of(state, part, i, j) for j in range(3 - i)] for i in range(3)]
        states.append(at | values | {"fugacity": state.fugacity(0)})
    return {"file": {"EOS": [kept], "INFO": {"NAME": name}}, "states": states}


def saturated(name: str) -> dict[str, Any]:
    """A file with its ancillary equations, and CoolProp's densities of vapour and liquid with their slopes by T."""
    import CoolProp

    file = sampled(name)["file"] | {"ANCILLARIES": {key: file_of(name)["ANCILLARIES"][key] for key in ("rhoV", "rhoL")}}
    state, states = CoolProp.AbstractState("HEOS", name), []
    lowest, critical = state.Ttriple(), state.T_critical()
    for part in (0.05, 0.3, 0.6, 0.9, 0.97):
        at: dict[str, float] = {"T": lowest + part * (critical - lowest)}
        for quality, phase in ((1, "vapour"), (0, "liquid")):
            state.update(CoolProp.QT_INPUTS, quality, at["T"])
            at[phase] = state.rhomolar()
            at[f"{phase} by T"] = state.first_saturation_deriv(CoolProp.iDmolar, CoolProp.iT)
        states.append(at)
    return {"file": file, "states": states}


def of(state: Any, part: str, i: int, j: int) -> float:
    """A derivative by delta and tau, i and j times."""
    return float(getattr(state, method(part, ("delta",) * i + ("tau",) * j))())


def main() -> int:
    """Records, or prints the table; 1 if something is wrong."""
    if "--write" in sys.argv:
        for path, recorded, names in ((SAMPLE, sampled, SAMPLED), (SATURATION, saturated, SATURATED)):
            path.write_text("[\n" + ",\n".join(json.dumps(recorded(name)) for name in names) + "\n]\n")
        return 0
    return int(table() > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
