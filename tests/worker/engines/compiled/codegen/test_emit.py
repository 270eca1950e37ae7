"""A plan as C++: its constants, and what is written for its steps."""

from __future__ import annotations

import re

import torch

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.cpp_functions import CppFunctions
from gridgrad_worker.engines.compiled.codegen.emit import plan_class
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.structured.planning.plan import make_plan

DIMS = {"x": 1, "y": 2, "a": 0}


def written(text: str) -> str:
    program = parse(text, list(DIMS))
    plan = make_plan(program.nodes, program.outputs, DIMS, 2)
    return plan_class("OurPlan", plan, None, CppFunctions(torch.float64)).declared


def constant(source: str, name: str) -> str:
    found = re.findall(rf"static constexpr \w+ {name} = (.+?);", source)
    assert found, name
    return str(found[0])


def test_a_plan_says_how_much_there_is_of_it() -> None:
    source = written("a*x*y, sin(x), y")
    assert source.startswith("struct OurPlan {")
    assert constant(source, "LEVELS") == str(source.count("struct Level"))
    assert constant(source, "PLANES") == "3"
    assert constant(source, "WATCHED") == "0"
    assert all(f"f(Level{n}{{}});" in source for n in range(int(constant(source, "LEVELS"))))


def test_each_plane_is_written_once() -> None:
    source = written("x*y, 2, x*y > 1")
    assert [source.count(f"writer.put({plane},") for plane in range(3)] == [1, 1, 1]
    assert "writer.put(1, broadcast(Real(0x1.0000000000000p+1)))" in source
    assert re.search(r"const Mask x(\d+) = x\d+ > broadcast.*select\(x\1, ", source, re.DOTALL), (
        "a condition is no number"
    )


def test_what_lies_along_vectors_is_loaded_and_all_else_broadcast() -> None:
    source = written("x*y + a")
    grid = source[source.index("struct Grid") :]
    assert grid.count("= load(at[") == 1, "y lies along the last dim"
    assert grid.count("= broadcast(at[") == 2, "x and a do not"


def test_powers_of_one_number_share_its_logarithm() -> None:
    source = written("(x*y)**1.3 + (x*y)**2.7 + (x*y)**2")
    assert source.count("logarithm(") == 1
    assert source.count("powered(") == 2


def test_a_plan_with_separated_sums_runs_blocks_of_rows(cpu: CpuDevice) -> None:
    program = parse("x*y + x**2*exp(-y) + sin(x)*y**3 + x**3*log(1 + y)", ["x", "y"])
    axes = {"x": (0,), "y": (1,)}
    engine = StructuredEngine(program, axes, 2, [(), (0,)], torch.float64, cpu, separating=True)
    source = plan_class("OurPlan", engine.plan, engine.guard, CppFunctions(torch.float64)).declared
    assert source.count("sum_products(") == len(engine.ranks)
    assert constant(source, "HEIGHT").startswith("LANES < 8")
    assert "WIDTH = 2;" in source
    assert engine.guard is not None
    watched = sum(map(len, engine.guard.kinds))
    assert constant(source, "WATCHED") == str(watched)
    assert constant(written("x*y"), "HEIGHT").startswith("1")


def test_long_programs_do_not_wait_for_memory() -> None:
    assert constant(written("x*y"), "LIGHT") == "true"
    long = " + ".join(f"sin({n}*x*y)" for n in range(1, 20))
    assert constant(written(long), "LIGHT") == "false"


def test_long_functions_stand_apart_and_are_declared() -> None:
    text = " + ".join(f"sin({n}*x*y)" for n in range(1, 101))
    program = parse(text, list(DIMS))
    plan = make_plan(program.nodes, program.outputs, DIMS, 2)
    source = plan_class("OurPlan", plan, None, CppFunctions(torch.float64))
    apart = [function[: function.index("(")] for function in source.functions]
    assert apart == ["void OurPlan::Grid::point"], "the levels are short"
    assert re.search(r"static void point\([^{]*\);", source.declared)
    assert "point(at, position, sums, to, pitch)" in source.declared
    assert source.functions[0].count("sin(") == 100


def test_many_separated_sums_share_what_sums(cpu: CpuDevice) -> None:
    terms = "x*y + x**2*exp(-y) + sin(x)*y**3 + x**3*log(1 + y)"
    program = parse(", ".join(f"exp({n}*({terms}))" for n in range(1, 11)), ["x", "y"])
    engine = StructuredEngine(program, {"x": (0,), "y": (1,)}, 2, [(), (0,)], torch.float64, cpu, separating=True)
    source = plan_class("OurPlan", engine.plan, engine.guard, CppFunctions(torch.float64)).declared
    assert len(engine.ranks) > 8
    assert source.count("called_sum_products(") == len(engine.ranks)
