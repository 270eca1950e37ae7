"""Flags: what is wrong with them is said in the last line, and none may be abbreviated."""

from __future__ import annotations

import pytest

from tests.client.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["eval", "t", "--axis", "t"], "t=1,2,4"),
        (["eval", "t", "--axis", "=1"], "t=1,2,4"),
        (["eval", "t", "--axis", "t=1,two"], "'two' is no number"),
        (["eval", "t", "--axis", "t=0:1"], "t=0:1:101"),
        (["eval", "t", "--axis", "t=0:1:1.5"], "t=0:1:101"),
        (["eval", "t", "--axis", "t=0:inf:3"], "finite"),
        (["eval", "t", "--param", "t=1,2"], "no number"),
        (["eval", "t", "--derivative", "t,,k"], "t,k"),
        (["eval", "t", "--axis", "t=1", "--param", "t=2"], "'t' a second time"),
        (["eval", "t", "--axis", "t=1", "--order", "1", "--derivative", "t"], "both at once"),
        (["eval", "t", "--axis", "t=1", "--order", "9"], "0, the value alone, to 4"),
        (["eval", "t", "--axis", "t=1", "--wrt", "z"], "use one of t"),
        (["eval", "t", "--axis", "t=1", "--dtype", "int8"], "float32"),
        (["eval", "t", "--axis", "t=1", "--timeout", "0"], "timeout"),
        (["eval", "t", "--axis", "t=1", "--server", "nowhere"], "host:port"),
        (["eval", "--axis", "t=1"], "none of an expression, --file and --registered"),
        (["explain", "--axis", "t"], "none of an expression, --file and --registered"),
        (["eval", "t", "--registered", "f"], "several of an expression, --file and --registered"),
        (["eval", "t", "--from", "maple", "--axis", "t=1"], "'maple'; give one of those that can be read: lepton"),
        (["eval", "+t", "--from", "lepton", "--axis", "t=1"], "line 1, column 1: '+'"),
        (["eval", "--registered", "f", "--from", "lepton", "--axis", "t=1"], "a notation for a function of the server"),
        (["eval", "t", "--axis", "t=1", "--zip", "t=2"], "'t' a second time"),
        (["eval", "t", "--file", "nowhere.txt"], "No such file"),
        (
            ["eval", "t", "--axis", "t=1", "--output", "out.dat"],
            "'out.dat'; name it by what to write: .npz, .nc, .zarr, .csv",
        ),
        (["eval", "t", "--axis", "t=1", "--output", "nowhere/out.nc"], "there is no folder 'nowhere'; make it"),
        (["plot", "t", "--axis", "t=1,2", "--output", "nowhere/x.png"], "there is no folder 'nowhere'; make it"),
        (["plot", "t", "--axis", "t=1,2"], "--output"),
        (["plot", "t", "--axis", "t=1,2", "--at", "t", "--output", "x.png"], "--at"),
        (["top", "--every", "0"], "write seconds over 0"),
        (["eval", "t", "--order", "much"], "not a valid integer"),
        (["eval", "t", "--tier", "best"], "'auto', 'direct', 'compiled'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_explained_in_a_line(run: Run, arguments: list[str], complaint: str) -> None:
    status, shown, said = run(*arguments)
    assert status == 2
    assert not shown
    assert complaint in said.strip().split("\n")[-1]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["eval", "t", "--ax", "t=1"], "--axis"),
        (["eval", "t", "--der", "t"], "--derivative"),
        (["eval", "t", "--serve", "a:1"], "--server"),
        (["check", "t", "--tol", "1"], "--tolerance"),
        (["top", "--evry", "1"], "--every"),
        (["--vers"], "--version"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_no_flag_may_be_abbreviated_and_the_nearest_is_named(run: Run, arguments: list[str], meant: str) -> None:
    status, shown, said = run(*arguments)
    assert (status, shown) == (2, "")
    assert f"Did you mean '{meant}'?" in said


@pytest.mark.parametrize(
    ("name", "meant"), [("evaluate", "'eval'"), ("e", "'eval' or 'explain'"), ("chekc", "'check'")]
)
def test_no_command_may_be_abbreviated_and_the_nearest_is_named(run: Run, name: str, meant: str) -> None:
    status, shown, said = run(name)
    assert (status, shown) == (2, "")
    assert f"No such command '{name}'. Did you mean {meant}? There are check, conformity, drain, eval," in said


def test_an_expression_that_looks_like_a_flag(run: Run) -> None:
    status, _, said = run("eval", "-x**2", "--axis", "x=1")
    assert status == 2
    assert "Write -- in front of an argument that starts with a minus sign" in said
