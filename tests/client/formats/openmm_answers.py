"""What OpenMM makes of the formulas in read/lepton.json: compares, or records them anew with --write.

make test-formats ARGS=--write
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "read" / "lepton.json"
TOLERANCE = 1e-13
STEP_PS = 1e-3


def answer(text: str, at: Mapping[str, float], by: list[str]) -> dict[str, Any]:
    """The value of a formula and its derivatives, in float64."""
    import openmm

    force = openmm.CustomBondForce(text)
    for name, value in at.items():
        force.addGlobalParameter(name, value)
    for name in by:
        force.addEnergyParameterDerivative(name)
    force.addBond(0, 1, [])
    system = openmm.System()
    for _ in range(2):
        system.addParticle(1)
    system.addForce(force)
    reference = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(STEP_PS), reference)
    context.setPositions([openmm.Vec3(0, 0, 0), openmm.Vec3(1, 0, 0)])
    state = context.getState(energy=True, parameterDerivatives=True)
    derived = state.getEnergyParameterDerivatives()
    return {"value": state.getPotentialEnergy()._value, "d": {name: derived[name] for name in by}}


def agree(seen: float, recorded: float) -> bool:
    """Whether two numbers are the same but for rounding."""
    return math.isclose(seen, recorded, rel_tol=TOLERANCE) or (math.isnan(seen) and math.isnan(recorded))


def main() -> int:
    """Compares or records; 1 if something differs."""
    cases = json.loads(RECORDED.read_text())
    seen = [case | answer(case["text"], case["at"], [*case["d"]]) for case in cases]
    if "--write" in sys.argv:
        RECORDED.write_text("[\n" + ",\n".join(f"  {json.dumps(case)}" for case in seen) + "\n]\n")
    different = 0
    for now, case in zip(seen, cases, strict=True):
        numbers = zip([now["value"], *now["d"].values()], [case["value"], *case["d"].values()], strict=True)
        if not all(agree(*pair) for pair in numbers):
            different += 1
            print(f"{case['text']!r} at {case['at']}: {now}, recorded as {case}")
    print(f"{len(cases)} formulas by OpenMM, {different} of them otherwise than recorded")
    return bool(different) and "--write" not in sys.argv


if __name__ == "__main__":
    sys.exit(main())
