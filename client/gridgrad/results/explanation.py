"""What a server says of an expression: whether it is compiled, and how it is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.parse import parse

__all__ = ["Explanation", "Prepared", "read_explanation", "read_prepared"]

_RANKS_SHOWN = 24


class Prepared(NamedTuple):
    """What there is after `Client.prepare`.

    Args:
        engine: "functional" or "structured".
        tier: what requests are computed in from now on: "compiled" or "direct"; empty for the functional engine.
        reason: why it is not "compiled"; else empty.
        digest: the digest of the program, hex.
        took_s: seconds that the server took.
    """

    engine: str
    tier: str
    reason: str
    digest: str
    took_s: float

    def __str__(self) -> str:
        state = "compiled" if self.tier == "compiled" else f"not compiled: {self.reason}"
        return f"{state} (program {self.digest[:12]}, {self.took_s:.3g} s)"


class Explanation(NamedTuple):
    """How an expression is computed.

    Args:
        program: the expression, as canonical text.
        derived: it and its derivatives, as text; long texts are cut in their middle and say by how much.
        separated: the same after products met and sums of products of single-dim factors were separated.
        operations: how many operations run on which dims, as written and after separation.
        ranks: the terms of each separated sum, which is computed as one matrix product.
        written: operations of a grid point, if all ran there.
        hoisted: those that are left there when each runs on the dims that it depends on.
        left: those that are left after separation, each term of a matrix product counted as one.
        engine: "functional" or "structured", what a request would be computed by now.
        tier: its tier, "direct" or "compiled"; empty for the functional engine.
        reason: why it is not "compiled"; else empty.
        digest: the digest of the program, hex.
        remarks: what makes derivatives other than one may expect, a sentence each; empty for most expressions.
    """

    program: str
    derived: str
    separated: str
    operations: Mapping[tuple[str, ...], tuple[int, int]]
    ranks: tuple[int, ...]
    written: int
    hoisted: int
    left: int
    engine: str
    tier: str
    reason: str
    digest: str
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [("Program", self.program), ("With its derivatives", self.derived)]
        if self.separated != self.derived:
            parts.append(("Separated", self.separated))
        parts += [("Operations", self._operations()), ("Computed", self._computed())]
        parts += [("Remarks", "\n".join(self.remarks))] if self.remarks else []
        return "\n\n".join(f"{title}\n{_indented(text)}" for title, text in parts)

    def _operations(self) -> str:
        rows = [("on", "written", "separated")]
        rows += [(_named(dims), f"{a:,}", f"{b:,}") for dims, (a, b) in self.operations.items()]
        wide = [max(len(row[column]) for row in rows) for column in range(3)]
        table = [f"{where:{wide[0]}}  {a:>{wide[1]}}  {b:>{wide[2]}}" for where, a, b in rows]
        at_a_point = f"at a grid point: {self.written:,} in all, {self.hoisted:,} hoisted, {self.left:,} separated"
        return "\n".join([*table, at_a_point, f"terms of the matrix products: {_listed(self.ranks)}"])

    def _computed(self) -> str:
        tier = f", {self.tier} tier" if self.tier else ""
        return f"by the {self.engine} engine{tier}" + (f": {self.reason}" if self.reason else "")


def read_prepared(raw: bytes) -> Prepared:
    """Reads a PrepareResponse."""
    message = parse(pb.PrepareResponse(), raw)
    return Prepared(message.engine, message.tier, message.reason, message.digest, message.took_s)


def read_explanation(raw: bytes, remarks: tuple[str, ...] = ()) -> Explanation:
    """Reads an ExplainResponse, to which the client adds its remarks."""
    message = parse(pb.ExplainResponse(), raw)
    return Explanation(
        program=message.program,
        derived=message.derived,
        separated=message.separated,
        operations={tuple(on.dims): (on.before, on.after) for on in message.levels},
        ranks=tuple(message.ranks),
        written=message.operations_written,
        hoisted=message.operations_hoisted,
        left=message.operations_left,
        engine=message.engine,
        tier=message.tier,
        reason=message.reason,
        digest=message.digest,
        remarks=remarks,
    )


def _named(dims: Sequence[str]) -> str:
    return " and ".join(dims) or "scalars"


def _listed(ranks: Sequence[int]) -> str:
    shown = ", ".join(map(str, ranks[:_RANKS_SHOWN])) or "there are none"
    return shown if len(ranks) <= _RANKS_SHOWN else f"{shown} and {len(ranks) - _RANKS_SHOWN} more"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
