"""Bad requests, and what their refusals must say."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from grpc import StatusCode

from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import array_input, axis, linspace, parameter, request

__all__ = ["ALL", "EITHER_WAY", "Bad"]

T = axis("t", [1.0, 2.0])
K = axis("k", [2.0, 3.0])


class Bad(NamedTuple):
    """A bad request and, as patterns, what its refusal says."""

    name: str
    asked: pb.GridGradientRequest
    code: StatusCode
    reason: str
    field: str
    found: str
    remedy: str


def bad(name: str, asked: pb.GridGradientRequest, field: str, found: str, remedy: str = ".") -> Bad:
    return Bad(name, asked, StatusCode.INVALID_ARGUMENT, "REQUEST", field, found, remedy)


def no_expression(name: str, text: str, found: str, remedy: str = ".") -> Bad:
    return Bad(
        name,
        request(text, [T, K]),
        StatusCode.INVALID_ARGUMENT,
        "EXPRESSION",
        r"^function\.expression$",
        found,
        remedy,
    )


def too_large(name: str, asked: pb.GridGradientRequest, found: str, remedy: str = ".") -> Bad:
    return Bad(name, asked, StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE", "", found, remedy)


def array(**changed: object) -> pb.Input:
    """The axis t, with something about its array changed."""
    whole: dict[str, object] = {"dtype": pb.DTYPE_FLOAT64, "shape": [2], "data": bytes(16)}
    return pb.Input(name="t", dims=["t"], array=pb.Array(**whole | changed))  # type: ignore[arg-type] # any of them


def registered(name: str, *inputs: pb.Input) -> pb.GridGradientRequest:
    return request(pb.Function(registered=name), inputs)


def many_partials() -> pb.GridGradientRequest:
    """All 494 partials to order 4 of 8 inputs, with the value 495 planes."""
    names = [f"x{i}" for i in range(8)]
    wrt = [w for order in range(1, 5) for w in itertools.combinations_with_replacement(names, order)]
    assert len(wrt) == 494
    return request("*".join(names), [parameter(name, 1.0) for name in names], *wrt)


def rows(count: int) -> list[pb.Input]:
    return [pb.Input(name=each.name, dims=["i"], array=pb.Array(shape=[1], data=bytes(8))) for each in scalars(count)]


def scalars(count: int) -> list[pb.Input]:
    return [parameter(f"x{i}", 1.0) for i in range(count)]


EXPRESSIONS = [
    no_expression("unknown function", "sine(t)", r"line 1, column 1: .*sine", "sin"),
    no_expression("wrong arity", "hypot(t)", "line 1, column 1: .*hypot.*1"),
    no_expression("no operator", "t ^ k", "line 1, column 3: .*\\^", r"\*\*"),
    no_expression("conditions joined by &", "where(t>0 & k>0, t, k)", "&", r"\band\b"),
    no_expression("stops early", "t * (k + ", "line 1, column"),
    no_expression("second line", "u = t*k\nu + * 2", "line 2, column 5"),
    no_expression("empty", "", "."),
    no_expression("not ASCII", "t*κ", "κ"),
    no_expression("an attribute", "t.__class__", r"\."),
    no_expression("a string", "__import__('os')", "."),
    no_expression("nesting bomb", "(" * 50_000 + "t" + ")" * 50_000, "inside each other|nest|deep"),
    no_expression("bomb of minuses", "-" * 50_000 + "t", "inside each other|nest|deep|operation|long"),
    no_expression("bomb of powers", "**".join(["t"] * 50_000), "inside each other|nest|deep|operation|long|length"),
    no_expression("length bomb", "t+" * 1_000_000 + "t", "long|length|character|operation"),
    no_expression("long number", "t*" + "1" * 1_000_000, "long|length|character|number"),
]

REQUESTS = [
    bad("no function", pb.GridGradientRequest(inputs=[T]), "^function", "."),
    bad("name that is no input", request("t*k*q", [T, K]), "function|inputs", "'?q'?"),
    bad("unused parameter", request("t", [T, parameter("spare", 1.0)]), r"inputs\[1\]", "spare"),
    bad("derivative by no input", request("t*k", [T, K], ["q"]), "^derivatives", "'q'", "t, k"),
    bad("derivative by nothing", request("t*k", [T, K], []), "^derivatives", "."),
    bad("derivative of order 5", request("t*k", [T, K], ["t"] * 5), "^derivatives", "order 5", "order 4"),
    bad("dims that disagree", request("t*s", [T, array_input("s", ["t"], [1, 2, 3])]), r"^inputs\[1\]\.dims$", "3.*2"),
    bad(
        "too few dims",
        request("s", [array_input("s", ["a"], [[1.0, 2.0]])]),
        r"^inputs\[0\]\.dims$",
        r"1 dims.*\[1, 2\]",
    ),
    bad("a dim twice", request("s", [array_input("s", ["a", "a"], [[1.0]])]), r"^inputs\[0\]\.dims$", "repeated"),
    bad("an input twice", request("t*k", [T, K, T]), r"^inputs\[2\]\.name$", "'t'"),
    bad("17 arrays", request("*".join(f"x{i}" for i in range(17)), rows(17)), "^inputs", "17 inputs with dims", "16"),
    bad("513 numbers", request("*".join(f"x{i}" for i in range(513)), scalars(513)), "^inputs", "513 numbers", "512"),
    bad("9 dims", request("a", [array_input("a", list("abcdefghi"), np.zeros([1] * 9))]), "^inputs", "9 dims", "8"),
    bad("a byte too many", request("t", [array(data=bytes(17))]), r"^inputs\[0\]\.array", "17 bytes", "16 bytes"),
    bad("no bytes", request("t", [array(data=b"")]), r"^inputs\[0\]\.array", "0 bytes", "16 bytes"),
    bad("a negative length", request("t", [array(shape=[-2])]), r"^inputs\[0\]\.array", "-2"),
    bad("a length over all memory", request("t", [array(shape=[1 << 62])]), r"^inputs\[0\]\.array", "."),
    bad(
        "an unknown dtype of an array",
        request("t", [array(dtype=99)]),
        r"^inputs\[0\]\.array\.dtype$",
        "99",
        "FLOAT64|float64",
    ),
    bad("no values", request("t", [pb.Input(name="t", dims=["t"])]), r"^inputs\[0\]", "."),
    bad("a negative linspace", request("t", [linspace("t", 0, 1, -1)]), r"^inputs\[0\]\.linspace", "-1"),
    bad(
        "a linspace of two dims",
        request("t", [pb.Input(name="t", dims=["a", "b"], linspace=pb.Linspace(num=2))]),
        r"^inputs\[0\]",
        ".",
    ),
    bad("a name that is none", request("t", [T, parameter("a b", 1.0)]), r"^inputs\[1\]\.name$", "a b"),
    bad("no name", request("t", [T, parameter("", 1.0)]), r"^inputs\[1\]\.name$", "."),
    bad("a dim without a name", request("t", [array_input("t", [""], [1.0])]), r"^inputs\[0\]\.dims$", "''"),
    bad(
        "input unknown to the function",
        registered("gate", axis("x", [1.0]), parameter("t", 1.0)),
        r"^inputs\[1\]",
        "'t'",
        "x",
    ),
    bad("input that the function needs", registered("gate"), "inputs|function", "x"),
    Bad(
        "unknown function",
        registered("gtae"),
        StatusCode.NOT_FOUND,
        "UNKNOWN_FUNCTION",
        "function.registered",
        "gtae",
        "gate",
    ),
    too_large(
        "10⁹ by 10⁹",
        request("t*k", [linspace("t", 0, 1, 10**9), linspace("k", 0, 1, 10**9)]),
        "1000000000|10{18}|1,000|1e18",
    ),
    too_large(
        "10⁹ alone, twice derived", request("t", [linspace("t", 0, 1, 10**9)], ["t"], ["t", "t"]), "1,?000,?000,?000"
    ),
    too_large("a linspace over all numbers", request("t", [linspace("t", 0, 1, (1 << 63) - 1)]), "9,?223,?372"),
    too_large(
        "more than a unary answer",
        request("t*k", [linspace("t", 0, 1, 1024), linspace("k", 0, 1, 1024)]),
        "8,?388,?608",
        "StreamGridGradients",
    ),
    too_large("495 planes", many_partials(), "49[45]"),
]
WRONG_DTYPE = request("t*k", [T, K])
WRONG_DTYPE.dtype = 99  # type: ignore[assignment] # no member, as a client of another version may send
REQUESTS.append(bad("an unknown dtype of the request", WRONG_DTYPE, "^dtype$", "99", "FLOAT64|float64"))

ALL = [*EXPRESSIONS, *REQUESTS]
EITHER_WAY = [case for case in ALL if case.name != "more than a unary answer"]
