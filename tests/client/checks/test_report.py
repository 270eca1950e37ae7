"""Reports: when all is well, and what they say."""

from __future__ import annotations

from gridgrad.checks.report import CheckReport, Disagreement

WRONG = Disagreement(("t", "t"), "f", {"t": 0.5, "k": 2.0}, (1, 0), 4.004, 4.0, 4e-6)


def test_all_is_well_where_everything_was_compared_and_agrees() -> None:
    report = CheckReport((), {("f", ()): 6, ("f", ("t",)): 4}, 6, "differences", 1e-6)
    assert report.ok
    assert report.unchecked == ()
    assert str(report).splitlines() == [
        "Checked at 6 points of the grid by differences, to 1e-06:",
        "  f      6 agree",
        "  ∂f/∂t  4 agree, 2 not comparable",
    ]


def test_what_was_compared_nowhere_is_not_well() -> None:
    report = CheckReport((), {("f", ("t",)): 0}, 6, "differences", 1e-6)
    assert not report.ok
    assert report.unchecked == (("f", ("t",)),)
    assert str(report).endswith("∂f/∂t  NOT COMPARED: not smooth or not finite at any of them")


def test_what_differs_is_counted_and_listed_up_to_twenty() -> None:
    report = CheckReport((WRONG,) * 23, {("f", ("t", "t")): 24}, 24, "differences", 1e-6)
    assert not report.ok
    lines = str(report).splitlines()
    assert lines[1] == "  ∂²f/∂t²  23 of 24 DIFFER"
    assert lines[2] == "∂²f/∂t² at t=0.5, k=2: 4.004, expected 4, off by 0.004 > 4e-06"
    assert (len(lines), lines[-1]) == (23, "... and 3 more")


def test_a_single_point_has_a_name() -> None:
    assert str(WRONG._replace(point={})).startswith("∂²f/∂t² at the single point: ")


def test_remarks_stand_at_the_end() -> None:
    report = CheckReport((), {("f", ()): 6}, 6, "differences", 1e-6, ("write sinc(x/pi)",))
    assert report.ok
    assert str(report).splitlines()[-1] == "Remark: write sinc(x/pi)"
