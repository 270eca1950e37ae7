"""Kinetic laws of SBML files."""

from __future__ import annotations

from pathlib import Path

import pytest

import gridgrad
from gridgrad.formats import kinetic_laws

pytest.importorskip("libsbml")

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model>
<listOfFunctionDefinitions><functionDefinition id="mm"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda>
<bvar><ci>s</ci></bvar><bvar><ci>k</ci></bvar>
<apply><divide/><ci>s</ci><apply><plus/><ci>k</ci><ci>s</ci></apply></apply></lambda></math></functionDefinition>
</listOfFunctionDefinitions>
<listOfCompartments><compartment id="cell" size="2" constant="true"/></listOfCompartments>
<listOfSpecies>
<species id="A" compartment="cell" initialConcentration="3" hasOnlySubstanceUnits="false" boundaryCondition="false"
 constant="false"/>
<species id="B" compartment="cell" initialAmount="3" hasOnlySubstanceUnits="false" boundaryCondition="false"
 constant="false"/>
<species id="C" compartment="cell" initialConcentration="3" hasOnlySubstanceUnits="true" boundaryCondition="false"
 constant="false"/>
</listOfSpecies>
<listOfParameters><parameter id="V" value="0.5" constant="true"/><parameter id="k" constant="false"/></listOfParameters>
<listOfReactions>
<reaction id="first" reversible="false" fast="false"><kineticLaw>
<math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>cell</ci><ci>V</ci>
<apply><ci>mm</ci><ci>A</ci><ci>K</ci></apply></apply></math>
<listOfLocalParameters><localParameter id="K" value="7"/></listOfLocalParameters></kineticLaw></reaction>
<reaction id="second" reversible="false" fast="false"><kineticLaw>
<math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>B</ci>SECOND</apply></math>
</kineticLaw></reaction>
<reaction id="third" reversible="false" fast="false"/>
</listOfReactions></model></sbml>"""


def test_laws_have_functions_written_out_and_first_values(tmp_path: Path) -> None:
    path = tmp_path / "model.xml"
    path.write_text(FILE.replace("SECOND", "<ci>C</ci>"))
    laws = kinetic_laws(path)
    assert [*laws] == ["first", "second"]
    assert str(laws["first"].rate) == "cell*V*(A/(K + A))"
    assert laws["first"].values == {"cell": 2.0, "V": 0.5, "A": 3.0, "K": 7.0}
    assert laws["second"].values == {"B": 1.5, "C": 6.0}


def test_a_law_that_cant_be_translated_is_refused_by_its_reaction(tmp_path: Path) -> None:
    path = tmp_path / "model.xml"
    symbol = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
    path.write_text(FILE.replace("SECOND", symbol))
    with pytest.raises(gridgrad.ExpressionError, match=r"reaction second: .*the symbol 'time'"):
        kinetic_laws(path)


def test_what_is_no_sbml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(gridgrad.RequestError, match=r"missing\.xml"):
        kinetic_laws(tmp_path / "missing.xml")
