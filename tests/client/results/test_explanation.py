"""What a server says of an expression, read and shown."""

from __future__ import annotations

from gridgrad.results.explanation import Explanation, Prepared, read_explanation, read_prepared
from gridgrad_core.v1 import gridgrad_pb2 as pb

EXPLAINED = pb.ExplainResponse(
    program="t*k",
    derived="t*k, k, t",
    separated="t*k, k, t; apart",
    levels=[pb.LevelOperations(dims=["t", "k"], before=1234, after=5), pb.LevelOperations(before=2, after=2)],
    ranks=[3] * 30,
    operations_written=1000,
    operations_hoisted=20,
    operations_left=5,
    engine="structured",
    tier="compiled",
    digest="abcdef",
)


def test_an_explanation_is_read() -> None:
    found = read_explanation(EXPLAINED.SerializeToString())
    assert found.operations == {("t", "k"): (1234, 5), (): (2, 2)}
    assert (found.written, found.hoisted, found.left, found.ranks) == (1000, 20, 5, (3,) * 30)
    assert (found.engine, found.tier, found.reason, found.digest) == ("structured", "compiled", "", "abcdef")


def test_it_is_shown_in_sections() -> None:
    shown = str(read_explanation(EXPLAINED.SerializeToString()))
    titles = [line for line in shown.splitlines() if line and not line.startswith(" ")]
    assert titles == ["Program", "With its derivatives", "Separated", "Operations", "Computed"]
    assert "  t and k    1,234          5\n  scalars        2          2\n" in shown
    assert shown.endswith("  by the structured engine, compiled tier")
    assert f"{', '.join(['3'] * 24)} and 6 more" in shown


def test_what_is_not_separated_is_shown_once() -> None:
    plain = Explanation("t", "t, 1", "t, 1", {}, (), 0, 0, 0, "functional", "", "it is registered", "")
    assert "Separated" not in str(plain)
    assert str(plain).endswith(
        "terms of the matrix products: there are none\n\nComputed\n  by the functional engine: it is registered"
    )


def test_remarks_are_a_section_of_their_own() -> None:
    found = read_explanation(EXPLAINED.SerializeToString(), ("write sinc(x/pi)", "write expm1(x)"))
    assert str(found).endswith("\n\nRemarks\n  write sinc(x/pi)\n  write expm1(x)")


def test_what_was_prepared_is_said_in_a_line() -> None:
    message = pb.PrepareResponse(engine="structured", tier="compiled", digest="a" * 40, took_s=1.234567)
    assert str(read_prepared(message.SerializeToString())) == "compiled (program aaaaaaaaaaaa, 1.23 s)"
    assert (
        str(Prepared("structured", "direct", "no compiler", "ab", 0.5))
        == "not compiled: no compiler (program ab, 0.5 s)"
    )
