"""Functions of the language in C++: written where they are used, or defined once and called."""

from __future__ import annotations

import pytest
import torch

from gridgrad_worker.engines.compiled.codegen.cpp_functions import CppFunctions
from tests.core.lang.loops.searching import operation


@pytest.fixture
def functions() -> CppFunctions:
    return CppFunctions(torch.float64)


def test_one_operation_is_written_where_it_is_used(functions: CppFunctions) -> None:
    assert functions.call("add", (), ["x1", "x2"]) == "x1 + x2"
    assert functions.call("positive", (), ["x1"]) == "x1"
    assert functions.definitions == []


def test_arguments_take_the_places_of_parameters_and_not_of_their_beginnings(functions: CppFunctions) -> None:
    assert functions.call("where", (), ["m", "x10", "p2"]) == "select(m, x10, p2)"


def test_several_operations_are_defined_once(functions: CppFunctions) -> None:
    assert functions.call("softplus", (), ["x1"]) == "of_softplus(x1)"
    assert functions.call("softplus", (), ["x2"]) == "of_softplus(x2)"
    definition = functions.definitions[-1]
    assert definition.startswith("INLINE Vector of_softplus(Vector p0) {")


def test_long_ones_are_called_and_short_ones_inlined() -> None:
    functions = CppFunctions(torch.float64, "static __device__")
    functions.call("log_norm_cdf_derivative", (3,), ["x"])
    definition = functions.definitions[-1]
    assert definition.startswith("static __device__ Vector of_log_norm_cdf_derivative_3(Vector p0) {")


def test_integer_parameters_make_functions_of_their_own(functions: CppFunctions) -> None:
    assert functions.call("polygamma", (1,), ["x"]) == "of_polygamma_1(x)"
    assert functions.call("polygamma", (2,), ["x"]) == "of_polygamma_2(x)"
    assert len(functions.definitions) == 2


def test_what_is_written_better_by_hand_is_taken(functions: CppFunctions) -> None:
    assert functions.call("gelu", (), ["x1"]) == "x1 * norm_cdf(x1)"
    assert functions.definitions == []


def test_what_needs_the_special_functions_says_so(functions: CppFunctions) -> None:
    functions.call("exp", (), ["x"])
    assert not functions.special
    functions.call("erfinv", (), ["x"])
    assert functions.special


def test_a_loop_goes_on_while_any_lane_does(functions: CppFunctions) -> None:
    call = functions.call(operation("solve(x**2 - p, x, 1)"), (), ["g", "c"])
    definition = functions.definitions[-1]
    assert call.startswith("of_solve_")
    assert call.endswith("(g, c)")
    assert "if (!any(going)) break;" in definition
    assert "s0 = select(going, n0, s0);" in definition
    assert definition.startswith("static Vector")


def test_what_is_inside_is_defined_first(functions: CppFunctions) -> None:
    outer = operation("solve(solve(y**3 - x, y, 1) - p, x, 1)")
    inner = operation("solve(y**3 - x, y, 1)")
    functions.call(outer, (), ["g", "c"])
    first, last = [each for each in functions.definitions if "of_solve" in each]
    assert functions.call(inner, (), ["a", "b"]).partition("(")[0] in first.partition("\n")[0]
    assert functions.call(outer, (), ["a", "b"]).partition("(")[0] in last.partition("\n")[0]


def test_powers_of_a_number_in_a_loop_share_its_logarithm(functions: CppFunctions) -> None:
    functions.call(operation("solve(x**5 + x**2.5 + x**3 - p, x, 1)"), (), ["g", "c"])
    (definition,) = (each for each in functions.definitions if "round" in each)
    assert definition.count("= logarithm(") == 1
    assert definition.count("powered(") >= 2
    assert "pow(" not in definition
