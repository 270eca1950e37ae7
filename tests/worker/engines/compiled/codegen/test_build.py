"""The C++ source of a job, its digest, and what is said when it can't be compiled."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import pytest

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.build import NAME, CppSource, build, digest_of, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.errors import CannotCompileError
from gridgrad_worker.native.toolchain import find_compiler

Direct = Callable[[CompileJob], StructuredEngine]
JOB = CompileJob("x*exp(-y)", ("x", "y"), ((0,), (1,)), 2, ((), (0,)), "float64", "cpu")


@pytest.fixture(scope="module")
def direct_of(cpu: CpuDevice) -> Direct:
    def made(job: CompileJob) -> StructuredEngine:
        return StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, cpu, separating=None)

    return made


@pytest.mark.parametrize(("dtype", "kind"), [("float64", "double"), ("float32", "float")])
def test_the_source_says_the_dtype_and_the_numbers_of_dims_and_inputs(direct_of: Direct, dtype: str, kind: str) -> None:
    job = JOB._replace(dtype=dtype)
    source = source_of(job, direct_of(job)).text
    assert f"typedef {kind} Real;" in source
    assert "constexpr int DIMS = 2, INPUTS = 2;" in source


@pytest.mark.parametrize(("text", "special"), [("x*y", False), ("digamma(x)*y", True), ("log_norm_cdf(x)*y", True)])
def test_special_functions_are_included_where_they_are_needed(direct_of: Direct, text: str, special: bool) -> None:
    job = JOB._replace(text=text)
    assert ('#include "special.h"' in source_of(job, direct_of(job)).text) == special


def test_without_separated_sums_there_is_one_plan(direct_of: Direct) -> None:
    assert "typedef SeparatedPlan PlainPlan;" in source_of(JOB, direct_of(JOB)).text
    job = JOB._replace(text="x*y + x**2*exp(-y) + sin(x)*y**3 + x**3*log(1 + y)")
    source = source_of(job, direct_of(job)).text
    assert "struct SeparatedPlan {" in source
    assert "struct PlainPlan {" in source


def test_the_digest_is_that_of_the_plan(direct_of: Direct) -> None:
    same, other = direct_of(JOB), direct_of(JOB._replace(text="x*exp(y)"))
    assert digest_of(direct_of(JOB)) == digest_of(same) != digest_of(other)
    assert len(digest_of(same)) == 64


@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
def test_what_the_compiler_refuses_is_said_by_its_first_error(tmp_path: Path) -> None:
    with pytest.raises(CannotCompileError, match=r"the compiler refuses it: .*error: .*nonsense"):
        build(CppSource("", (), "int main() { return nonsense; }"), tmp_path)


@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
def test_the_library_lies_in_the_directory(tmp_path: Path) -> None:
    assert build(CppSource("", (), 'extern "C" int one() { return 1; }'), tmp_path) == tmp_path / NAME
    assert (tmp_path / NAME).stat().st_size


def test_pieces_have_each_function_once_and_what_they_share() -> None:
    source = CppSource("int declared();", tuple(f"int f{n}() {{ return {n}; }}" for n in range(5)), "int rest();")
    for most in (1, 2, 3, 9):
        pieces = source.pieces(most)
        assert len(pieces) == min(most, 6)
        assert all(piece.startswith("int declared();") for piece in pieces)
        assert ["int rest();" in piece for piece in pieces] == [True] + [False] * (len(pieces) - 1)
        assert all(sum(function in piece for piece in pieces) == 1 for function in source.functions)
    assert source.text == source.pieces(1)[0]


def test_what_may_stand_apart_is_in_another_piece_where_there_is_one() -> None:
    source = CppSource("", ("int f() { return 1; }",), "int rest();", apart="int apart();", instead="int instead();")
    first, second = source.pieces(2)
    assert ("int instead();" in first, "int instead();" in second) == (True, False)
    assert ("int apart();" in first, "int apart();" in second) == (False, True)
    assert not any(each in source.text for each in ("int apart();", "int instead();"))


@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
def test_pieces_are_compiled_into_one_library(tmp_path: Path) -> None:
    functions = tuple(f"int f{n}() {{ return {n}; }}" for n in range(1, 4))
    source = CppSource(
        "int f1(); int f2(); int f3();",
        functions,
        'extern "C" __attribute__((visibility("default"))) int sum() { return f1() + f2() + f3(); }',
    )
    assert ctypes.CDLL(str(build(source, tmp_path))).sum() == 6
    wrong = source._replace(functions=("int f1() { return nonsense; }", *functions[1:]))
    with pytest.raises(CannotCompileError, match="nonsense"):
        build(wrong, tmp_path)


@pytest.mark.long
@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
def test_a_chain_of_thousands_of_operations_is_compiled_in_the_memory_that_there_is(
    direct_of: Direct, tmp_path: Path
) -> None:
    lines = [f"z{i} = sin(z{i - 1}*{'x' if i % 2 else 'y'} + {i})" for i in range(1, 1000)]
    job = JOB._replace(text="\n".join(["z0 = x*y", *lines, "z999"]), wanted=((), (0,), (1,)))
    assert build(source_of(job, direct_of(job)), tmp_path).name == NAME
