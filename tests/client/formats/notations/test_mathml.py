"""MathML: its elements, and what of it is refused. Its numbers are in `test_recorded`."""

from __future__ import annotations

import pytest

from gridgrad.formats import read
from tests.client.formats.notations.refusals import assert_refused

HILL = """
<math xmlns="http://www.w3.org/1998/Math/MathML" xmlns:sbml="http://www.sbml.org/sbml/level3/version2/core">
  <apply><divide/>
    <apply><times/><ci> Vmax </ci><apply><power/><ci>S</ci><cn type="integer">4</cn></apply></apply>
    <apply><plus/><ci>K</ci><apply><power/><ci>S</ci><cn sbml:units="dimensionless">4</cn></apply></apply>
  </apply>
</math>"""


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (HILL, "v1 = S**4\nVmax*v1/(K + v1)"),
        ("<m:math xmlns:m='u'><m:apply><m:log/><m:ci>x</m:ci></m:apply></m:math>", "log10(x)"),
        ("<apply><log/><logbase><cn>3</cn></logbase><ci>x</ci></apply>", "log(x)/log(3)"),
        ("<apply><root/><degree><cn>3</cn></degree><ci>x</ci></apply>", "x**(1/3)"),
        ("<cn type='e-notation'>1.1<sep/>-7</cn>", "1.1e-07"),
        ("<cn type='rational'>1<sep/>3</cn>", "0.3333333333333333"),
        ("<apply><factorial/><cn>5</cn></apply>", "120"),
        ("<apply><lt/><cn>0</cn><ci>x</ci><cn>1</cn></apply>", "where(0 < x and x < 1, 1, 0)"),
        ("<apply><arcsech/><ci>x</ci></apply>", "arccosh(1/x)"),
        (
            "<piecewise><piece><ci>x</ci><apply><gt/><ci>x</ci><cn>0</cn></apply></piece></piecewise>",
            "where(x > 0, x, nan)",
        ),
    ],
)
def test_elements(text: str, ours: str) -> None:
    assert str(read(text, "mathml")) == ours


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("<math><ci>x</ci><ci>y</ci></math>", 1, "with 2 formulas"),
        ("<math><apply><ci>f</ci><ci>x</ci></apply></math>", 14, "kinetic_laws"),
        ("<math><apply><factorial/><ci>x</ci></apply></math>", 14, "no number"),
        ("<math><apply><factorial/><cn>2.5</cn></apply></math>", 26, "a whole number"),
        ("<math><cn units='mole'>3</cn></math>", 7, "leave the unit out"),
        ("<math><cn>1_0</cn></math>", 7, "a finite one"),
        ("<math><cn base='16'>10</cn></math>", 7, "base 10"),
        ("<math><cn type='complex-cartesian'>1<sep/>2</cn></math>", 7, "of type 'complex-cartesian'"),
        ("<math><csymbol definitionURL='http://www.sbml.org/sbml/symbols/time'>t</csymbol></math>", 7, "<ci>t</ci>"),
        (
            "<math><apply><csymbol definitionURL='http://x/delay'>d</csymbol><ci>x</ci></apply></math>",
            14,
            "of the past",
        ),
        (
            "<math><apply><csymbol definitionURL='http://x/rateOf'>d</csymbol><ci>x</ci></apply></math>",
            14,
            "of the rate",
        ),
        ("<math><lambda><ci>x</ci></lambda></math>", 7, "<lambda>"),
        ("<math><apply/></math>", 7, "of nothing"),
        ("<math><apply><plus/><piece><ci>x</ci></piece></apply></math>", 21, "where a value is wanted"),
        ("<math><apply><sin/><degree><cn>1</cn></degree><ci>x</ci></apply></math>", 20, "leave it out"),
        ("<math><apply><sin/><ci>x</ci><ci>x</ci></apply></math>", 14, "it takes 1 argument"),
        ("<math><piecewise><piece><ci>x</ci></piece></piecewise></math>", 18, "a value and a condition"),
        ("<math><ci>x</ci>", 17, "no XML"),
        ("<!DOCTYPE m [<!ENTITY a 'x'>]><math><ci>&a;</ci></math>", 13, "a document type"),
        ("<math><ci>\u03b1</ci></math>", 7, "rename it"),
        ("<sbml/>", 1, "kinetic_laws reads files"),
    ],
)
def test_what_cant_be_translated_is_refused_at_its_place(text: str, column: int, said: str) -> None:
    assert_refused("mathml", text, column, said)


def test_elements_may_nest_deep() -> None:
    depth = 20_000
    text = "<apply><minus/>" * depth + "<ci>x</ci>" + "</apply>" * depth
    assert len(read(text, "mathml").nodes) == depth + 1
