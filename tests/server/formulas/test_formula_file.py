"""Files of formulas: what they say, and where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_server.formulas.formula import FormulaFileError, FormulaInput, FormulaSample, NamedFormula
from gridgrad_server.formulas.formula_file import FormulaFile, files_of, read_file


def read(folder: Path, text: str) -> FormulaFile:
    file = folder / "f.toml"
    file.write_text(text)
    return read_file(file)


def test_tables_with_an_expression_are_formulas_and_their_names_those_of_the_tables(tmp_path: Path) -> None:
    text = """
    [a]
    expression = "x"
    [b.c]
    expression = "k*x"
    doc = "Twice"
    unit = "m"
    inputs = {k = {default = 2, unit = "1/s"}, x = {}}
    samples = [{inputs = {x = 1}, value = 2, atol = 0.5}]
    """
    inputs = FormulaInput("k", 2.0, "1/s"), FormulaInput("x")
    twice = NamedFormula("b.c", "k*x", "Twice", inputs, ("m",), (FormulaSample({"x": 1.0}, (2.0,), 1e-9, 0.5),))
    assert read(tmp_path, text) == ((NamedFormula("a", "x"), twice), {})


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("x = 1", "x", "no table with an expression"),
        ("[a.b]\nexpresion = 'x'", "a.b.expresion", "no table with an expression"),
        ("[a]", "a", "no table with an expression"),
        ("[a]\nexpression = 1", "a", "no table with an expression"),
        ("['a b']\nexpression = 'x'", "a b", "no name of a formula"),
        ("[a]\nexpression = 'x'\ncolour = 1", "a", "colour means nothing here"),
        ("[a]\nexpression = 'x'\ndoc = 1", "a", "doc is no text"),
        ("[a]\nexpression = 'x'\nunit = 1", "a", "wrong units"),
        ("[a]\nexpression = 'x'\nunit = 'm'\nunits = ['m']", "a", "both unit and units"),
        ("[a]\nexpression = 'x'\ninputs = 1", "a", "inputs is no table"),
        ("[a]\nexpression = 'x'\ninputs = {'x y' = {}}", "a", "inputs.x y is no name"),
        ("[a]\nexpression = 'x'\ninputs = {x = {default = true}}", "a", "inputs.x.default is True, no number"),
        ("[a]\nexpression = 'x'\ninputs = {x = {unit = 1}}", "a", "inputs.x.unit is no text"),
        ("[a]\nexpression = 'x'\nsamples = 1", "a", "samples is no list"),
        ("[a]\nexpression = 'x'\nsamples = [{inputs = {x = 1}}]", "a", "samples[0] has no value"),
        ("[a]\nexpression = 'x'\nsamples = [{value = 1, rtol = -1}]", "a", "samples[0].rtol or atol is below 0"),
        (f"[a]\nexpression = 'x'\nsamples = [{{value = 1{'0' * 400}}}]", "a", "larger number than float64"),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_the_rest_is_read(tmp_path: Path, text: str, name: str, said: str) -> None:
    formulas, refused = read(tmp_path, f"{text}\n[good]\nexpression = 'y'\n")
    assert formulas == (NamedFormula("good", "y"),)
    (why,) = refused.values()
    assert [*refused] == [name]
    assert said in why


def test_files_that_are_none_are_refused_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(FormulaFileError, match="line 2"):
        read(tmp_path, "[a]\nexpression = \n")
    (tmp_path / "f.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(FormulaFileError, match="byte 5 is no UTF-8"):
        read_file(tmp_path / "f.toml")
    with pytest.raises(FormulaFileError, match="No such file"):
        read_file(tmp_path / "g.toml")


def test_a_directory_is_read_in_order_of_names(tmp_path: Path) -> None:
    with pytest.raises(FormulaFileError, match="no file there"):
        files_of([tmp_path])
    for name in ("b.toml", "a.toml", "c.txt"):
        (tmp_path / name).touch()
    assert [file.name for file in files_of([tmp_path])] == ["a.toml", "b.toml"]
    assert files_of([tmp_path / "c.txt"]) == [tmp_path / "c.txt"]
    assert [file.name for file in files_of([tmp_path / "b.toml", tmp_path])] == ["b.toml", "a.toml"]
