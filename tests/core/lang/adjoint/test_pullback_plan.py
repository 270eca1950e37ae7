"""Plans: what is computed of all points, and what of few."""

from __future__ import annotations

from gridgrad_core.lang.adjoint.pullback_plan import plan_pullback
from gridgrad_core.lang.parser.parser import parse

T, K = 1, 2


def test_a_sum_of_products_needs_no_plane_but_its_value() -> None:
    program = parse("n_0*t*k + n_1*t**2*k**3 + n_2*sin(t)*exp(k)")
    inputs = {"t": T, "k": K, **dict.fromkeys(["n_0", "n_1", "n_2"], 0)}
    plan = plan_pullback(program, parse("c", ["c"]), {**inputs, "c": T | K}, ["n_0", "n_1", "n_2"])
    (whole,) = (stage for stage in plan.stages if stage.mask == T | K)
    assert len(whole.program.outputs) == 1
    of_points = [each for sums in plan.sums for each in sums if each.plane == "c" and each.over == K]
    assert len(of_points) == 3


def test_stages_stand_after_what_they_need() -> None:
    plan = plan_pullback(parse("exp(t*k)*sin(a*t)"), None, {"t": T, "k": K, "a": 0}, ["t", "k", "a"])
    known = {"t", "k", "a", *plan.lengths.values(), *(each.name for each in plan.sums[0])}
    for stage, sums in zip(plan.stages, plan.sums[1:], strict=True):
        assert known.issuperset(stage.program.inputs)
        known.update(each.name for each in sums)
    assert {plan.masks[name] for name in known if name.startswith("sum")} <= {0, T, K}


def test_structural_zeros_are_none() -> None:
    plan = plan_pullback(parse("floor(t)*k"), None, {"t": T, "k": K}, ["t", "k"])
    assert plan.gradient[0] is None
    assert plan.gradient[1] is not None


def test_exponentials_of_sums_are_products_of_few_dims() -> None:
    inputs = {"t": T, "k": K, "a": 0}
    plan = plan_pullback(parse("a*exp(-(t - 1)**2 - 0.5*(k - a)**2)"), None, inputs, ["t", "k", "a"])
    (whole,) = (stage for stage in plan.stages if stage.mask == T | K)
    assert len(whole.program.outputs) == 1
    assert len(plan.watched) == 2
    written = plan_pullback(
        parse("a*exp(-(t - 1)**2 - 0.5*(k - a)**2)"), None, inputs, ["t", "k", "a"], multiplying=False
    )
    assert not written.watched
    assert not plan_pullback(parse("exp(t*k)"), None, {"t": T, "k": K}, ["t"]).watched


def test_long_functions_need_few_operations_for_each_of_theirs() -> None:
    lines = ["x0 = t*k", *(f"x{i + 1} = sin(x{i})*t + k*x{i}" for i in range(100)), "x100"]
    program = parse("; ".join(lines))
    plan = plan_pullback(program, None, {"t": T, "k": K}, ["t", "k"])
    assert sum(len(stage.program.nodes) for stage in plan.stages) < 4 * len(program.nodes)
