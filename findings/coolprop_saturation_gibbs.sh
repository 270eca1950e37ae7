#!/usr/bin/env bash
# CoolProp 8.0.0: saturated vapour and liquid that are not in equilibrium, within a fluid's own range.
#
# Phases in equilibrium have one Gibbs energy. Those that CoolProp gives for propylene glycol at 259.1 K (its range begins at 213 K) are
# 1.9 R*T apart, and the vapour is a seventh as dense as the equation of state has it; for diethyl ether below 180 K the
# pressure of saturation rises as it gets colder. For water, and for these at higher temperatures, both agree to rounding.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install -qq --disable-pip-version-check 'CoolProp==8.0.0' 'numpy==2.4.3'
"$folder/env/bin/python" - <<'P'
import CoolProp
from CoolProp.CoolProp import PropsSI


def apart(name, temperature):
    """By how many R*T the Gibbs energies of both phases differ."""
    state, found = CoolProp.AbstractState("HEOS", name), []
    for quality in (1, 0):
        density = PropsSI("Dmolar", "T", temperature, "Q", quality, f"HEOS::{name}")
        state.update(CoolProp.DmolarT_INPUTS, density, temperature)
        found.append(state.gibbsmolar())
    return (found[0] - found[1]) / (state.gas_constant() * temperature)


print("CoolProp", CoolProp.__version__)
for name, temperature in (("Water", 300.0), ("PropyleneGlycol", 400.0), ("PropyleneGlycol", 259.1)):
    print(f"{name} at {temperature} K: {apart(name, temperature):.3g} R*T, range from {PropsSI('Tmin', name):.4g} K")
pressures = [PropsSI("P", "T", each, "Q", 1, "HEOS::DiethylEther") for each in (160.0, 170.0, 180.0, 190.0)]
print("diethyl ether at 160, 170, 180 and 190 K:", *(f"{each:.0f} Pa" for each in pressures))
assert abs(apart("Water", 300.0)) < 1e-9 and abs(apart("PropyleneGlycol", 400.0)) < 1e-9
assert abs(apart("PropyleneGlycol", 259.1)) > 1
assert pressures[0] > pressures[1] > pressures[2]
P
