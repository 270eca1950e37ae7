"""Writes the published cases of conformity: `python client/generate_conformity.py`.

Values and derivatives are sympy's, at 30 digits, rounded once: nothing that computes for Gridgrad takes part. What a
case is, `gridgrad.conformity.case` says.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sympy

__all__ = ["CASES", "written"]

CASES = Path(__file__).parent / "gridgrad" / "conformity" / "cases.json"

LINSPACE = {"start": 1.0, "stop": 2.0, "num": 4}
SPACED = [i * (1 / 3) + 1.0 for i in range(3)] + [2.0]
"""The bits of numpy.linspace, as the protocol has them."""

Derivatives = Sequence[Sequence[str]]
AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
FIRST: Derivatives = (["t"], ["k"])
TO_FOURTH: Derivatives = [
    list(names) for n in range(1, 5) for names in itertools.combinations_with_replacement("xy", n)
]
NEAR = {"x": [0.5, 1.25], "y": [-0.75, 0.1, 2.0]}


def written() -> str:
    """The file."""
    return "[\n" + ",\n".join(map(json.dumps, _cases())) + "\n]\n"


def _cases() -> Iterator[dict[str, Any]]:
    yield from _values()
    yield from _reductions()
    yield from _tables()
    yield from _errors()
    yield from _limits()
    yield from _methods()
    yield from _streams()
    yield from _sessions()


def _grid(
    name: str,
    texts: str,
    inputs: Mapping[str, Any],
    wrt: Derivatives = (),
    dims: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A case whose answer sympy computes.

    Args:
        name: of the case.
        texts: the expression, components with commas between them, which sympy reads too.
        inputs: numbers, axes, or {"linspace": ...}.
        wrt: derivatives.
        dims: of inputs that are no axes.
        more: fields of the request.
    """
    dims = {
        name: (dims or {}).get(name, [name] if isinstance(value, list | dict) else []) for name, value in inputs.items()
    }
    numbers = {name: SPACED if isinstance(value, dict) else value for name, value in inputs.items()}
    order = list(dict.fromkeys(dim for each in dims.values() for dim in each))
    lengths = {dim: len(numbers[name]) for name in inputs for dim in dims[name]}
    names = list(inputs)
    listed = list(dict.fromkeys(tuple(sorted(each, key=names.index)) for each in wrt))
    parts = (
        [part.strip() for part in texts.split(",") if part.strip()]
        if "," in texts.replace("atan2(y, x)", "")
        else [texts]
    )
    planes = [
        [_at(_slope(part, each, names), names, point, numbers, dims) for point in _points(order, lengths)]
        for each in [(), *listed]
        for part in parts
    ]
    function = {"expression": texts}
    asks = {
        "function": function,
        "inputs": [_input(name, inputs[name], dims[name]) for name in names],
        "derivatives": [{"wrt": list(each)} for each in wrt],
        **more,
    }
    gives = {
        "dims": order,
        "shape": [lengths[dim] for dim in order],
        "derivatives": [list(each) for each in listed],
        "components": _names(parts),
        "tuple_valued": len(parts) > 1,
        "planes": planes,
    }
    return {"name": f"values/{name}", "asks": asks, "gives": gives}


def _names(parts: Sequence[str]) -> list[str]:
    return ["f"] if len(parts) == 1 else [part if part.isidentifier() else f"f{i}" for i, part in enumerate(parts)]


def _input(name: str, value: Any, dims: Sequence[str]) -> dict[str, Any]:
    given: dict[str, Any] = {"name": name, "dims": list(dims)}
    return given | (value if isinstance(value, dict) else {"values": value})


def _points(order: Sequence[str], lengths: Mapping[str, int]) -> Iterator[dict[str, int]]:
    for positions in itertools.product(*(range(lengths[dim]) for dim in order)):
        yield dict(zip(order, positions, strict=True))


def _slope(text: str, wrt: Sequence[str], names: Sequence[str]) -> Any:
    symbols = {name: sympy.Symbol(name, real=True) for name in names}
    known = {**symbols, "lgamma": sympy.loggamma, "log1p": lambda x: sympy.log(1 + x)}
    expression = sympy.sympify(text, locals=known, rational=True)
    return sympy.diff(expression, *[symbols[name] for name in wrt]) if wrt else expression


def _at(
    expression: Any, names: Sequence[str], point: Mapping[str, int], numbers: Mapping[str, Any], dims: Mapping[str, Any]
) -> float:
    put = {}
    for name in names:
        value = numbers[name]
        for dim in dims[name]:
            value = value[point[dim]]
        put[sympy.Symbol(name, real=True)] = sympy.Rational(*float(value).as_integer_ratio())
    return float(sympy.N(expression.subs(put), 30))


def _values() -> Iterator[dict[str, Any]]:
    yield _grid("bilinear", "t*k + 2*t*k**2", AXES, FIRST)
    yield _grid("value alone", "t*k", AXES)
    yield _grid("mixed derivative, spelled both ways", "t**3*k**2", AXES, [["k", "t"], ["t", "k"], ["k"]])
    yield _grid("all to the fourth order", "exp(x*y)*sin(x) + y**3", NEAR, TO_FOURTH)
    yield _grid("elementary functions", "sqrt(x)*exp(-y) + log(1 + x**2)*tanh(y)", NEAR, [["x"], ["y"], ["x", "y"]])
    yield _grid("trigonometric functions", "sin(x)*cos(y) + tan(x/3) + atan2(y, x)", NEAR, [["x"], ["y"], ["y", "y"]])
    yield _grid("special functions", "erf(x) + lgamma(x + 2)*y", NEAR, [["x"], ["x", "x"], ["y"]])
    yield _grid(
        "a number and a derivative by it", "a*exp(-a*x)", {"x": [0.0, 0.5, 2.0], "a": 1.5}, [["x"], ["a"], ["a", "a"]]
    )
    yield _grid("no dims", "a*b**2", {"a": 2.0, "b": 3.0}, [["a"], ["b"]])
    yield _grid("one of several components", "x*y, x + y", NEAR, [["x"], ["x", "y"]])
    yield _grid(
        "points in step",
        "u*v**2",
        {"u": [1.0, 2.0, 3.0], "v": [4.0, 5.0, 6.0]},
        [["u"], ["v"]],
        {"u": ["i"], "v": ["i"]},
    )
    yield _grid(
        "an input of two dims",
        "w*x",
        {"w": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "x": [7.0, 8.0]},
        [["w"], ["x"]],
        {"w": ["t", "x"]},
    )
    yield _grid("evenly spaced values", "x**2", {"x": {"linspace": LINSPACE}}, [["x"]])
    yield _grid("one point", "x*y", {"x": [3.0], "y": [5.0]}, [["x"]])
    single = _grid("float32", "x*y + x", {"x": [0.5, 1.25], "y": [0.25, 2.0]}, [["x"]], dtype="DTYPE_FLOAT32")
    single["gives"] |= {"dtype": "DTYPE_FLOAT32", "within": 1e-6}
    yield single
    inputs = [_input("x", [], ["x"]), _input("y", [1.0, 2.0], ["y"])]
    gives: dict[str, Any] = {
        "dims": ["x", "y"],
        "shape": [0, 2],
        "derivatives": [["x"]],
        "components": ["f"],
        "planes": [[], []],
    }
    yield {"name": "values/an empty dim", "asks": _asks("x*y", inputs, [["x"]]), "gives": gives}
    inputs = [_input("x", [-1.0, 0.0, 1.0], ["x"])]
    gives = {"dims": ["x"], "shape": [3], "derivatives": [["x"]], "components": ["f"]}
    yield {
        "name": "values/infinity is a value",
        "asks": _asks("1/x**2", inputs, [["x"]]),
        "gives": {**gives, "planes": [[1.0, "Infinity", 1.0], [2.0, "any", -2.0]]},
    }
    yield {
        "name": "values/nan is a value",
        "asks": _asks("log(x)", inputs, [["x"]]),
        "gives": {**gives, "planes": [["NaN", "-Infinity", 0.0], ["any", "any", 1.0]]},
    }


def _asks(text: str, inputs: Sequence[Any], wrt: Derivatives = (), **more: Any) -> dict[str, Any]:
    derivatives = [{"wrt": list(each)} for each in wrt]
    return {"function": {"expression": text}, "inputs": list(inputs), "derivatives": derivatives, **more}


def _reductions() -> Iterator[dict[str, Any]]:
    inputs = [_input("t", [1.0, 2.0, 4.0], ["t"]), _input("k", [2.0, 3.0], ["k"])]
    kinds = {"sum": [5.0, 10.0, 20.0], "mean": [2.5, 5.0, 10.0], "max": [3.0, 6.0, 12.0], "argmax": [1, 1, 1]}
    slopes = {"sum": [5.0] * 3, "mean": [2.5] * 3, "max": [3.0] * 3, "argmax": [1] * 3}
    for kind, plane in kinds.items():
        reduction = {"function": {"expression": "t*k"}, "dims": ["k"], "kind": kind}
        gives = {
            "dims": ["t"],
            "shape": [3],
            "derivatives": [["t"]],
            "components": ["f"],
            "planes": [plane, slopes[kind]],
        }
        if kind == "argmax":
            gives["dtype"] = "DTYPE_INT64"
        asks = {"inputs": inputs, "derivatives": [{"wrt": ["t"]}], "reduction": reduction}
        yield {"name": f"reductions/{kind}", "feature": "reductions", "asks": asks, "gives": gives}
    whole = {"function": {"expression": "t*k"}, "dims": ["t", "k"], "kind": "sum", "weights": "k"}
    gives = {"dims": [], "shape": [], "derivatives": [], "components": ["f"], "planes": [[91.0]]}
    yield {
        "name": "reductions/weighted, over all dims",
        "feature": "reductions",
        "asks": {"inputs": inputs, "reduction": whole},
        "gives": gives,
    }


def _tables() -> Iterator[dict[str, Any]]:
    table = {"values": [1.0, 3.0, 2.0], "knots": [[0.0, 1.0, 2.0]], "method": "linear", "outside": "nan"}
    inputs = [_input("x", [-1.0, 0.25, 1.5], ["x"]), {"name": "V", "table": table}]
    gives = {
        "dims": ["x"],
        "shape": [3],
        "derivatives": [["x"]],
        "components": ["f"],
        "planes": [["NaN", 1.5, 2.5], ["NaN", 2.0, -1.0]],
    }
    yield {"name": "tables/linear", "feature": "tables", "asks": _asks("V(x)", inputs, [["x"]]), "gives": gives}


def _errors() -> Iterator[dict[str, Any]]:
    t, k = _input("t", [1.0, 2.0], ["t"]), _input("k", [2.0, 3.0], ["k"])

    def bad(
        name: str, asks: Any, field: str, reason: str = "REQUEST", status: str = "INVALID_ARGUMENT"
    ) -> dict[str, Any]:
        return {"name": f"errors/{name}", "asks": asks, "refused": {"status": status, "reason": reason, "field": field}}

    yield bad("text that ends too early", _asks("t*(k +", [t, k]), "function.expression", "EXPRESSION")
    yield bad("a function that is none", _asks("sine(t)", [t]), "function.expression", "EXPRESSION")
    yield bad("no function", {"inputs": [t]}, "function")
    yield bad(
        "a function that is not registered",
        {"function": {"registered": "no such function"}, "inputs": [t]},
        "function.registered",
        "UNKNOWN_FUNCTION",
        "NOT_FOUND",
    )
    yield bad("a derivative by no input", _asks("t*k", [t, k], [["q"]]), "derivatives")
    yield bad("a derivative of order 5", _asks("t*k", [t, k], [["t"] * 5]), "derivatives")
    yield bad("an input twice", _asks("t*k", [t, k, t]), "inputs[2].name")
    yield bad("dims of two lengths", _asks("t*s", [t, _input("s", [1.0, 2.0, 3.0], ["t"])]), "inputs[1].dims")
    yield bad("a dim too few", _asks("s", [_input("s", [[1.0, 2.0]], ["a"])]), "inputs[0].dims")
    short = {"name": "t", "dims": ["t"], "array": {"shape": ["2"], "data": "AAAAAAAA8D8="}}
    yield bad("a number too few", _asks("t", [short]), "inputs[0].array")
    yield bad("a parameter that is not used", _asks("t", [t, _input("a", 1.0, [])]), "inputs[1]")
    yield bad("a feature that nobody has", _asks("t", [t], features=["no such feature"]), "features", "UNSUPPORTED")
    yield {
        "name": "errors/bytes that are no message",
        "raw": "////",
        "refused": {"status": "INVALID_ARGUMENT", "reason": "REQUEST"},
    }
    yield {
        "name": "errors/a field that nobody has",
        "raw": "CgMKAXTgXQE=",
        "refused": {"status": "INVALID_ARGUMENT", "reason": "UNSUPPORTED"},
    }


def _limits() -> Iterator[dict[str, Any]]:
    spaced = [
        {"name": name, "dims": [name], "linspace": {"start": 0.0, "stop": 1.0, "num": 701}} for name in ("x", "y")
    ]
    at = [[0, 0, 0.0], [0, 491400, 2.0], [0, 245700, 1.0], [1, 12345, 1.0]]
    gives = {"dims": ["x", "y"], "shape": [701, 701], "derivatives": [["x"]], "components": ["f"], "at": at}
    yield {"name": "limits/a result over that of one message", "asks": _asks("x + y", spaced, [["x"]]), "gives": gives}
    huge = [
        {"name": name, "dims": [name], "linspace": {"start": 0.0, "stop": 1.0, "num": 1 << 40}} for name in ("x", "y")
    ]
    yield {
        "name": "limits/more points than can be counted",
        "asks": _asks("x + y", huge),
        "refused": {"status": "RESOURCE_EXHAUSTED", "reason": "TOO_LARGE"},
    }
    names = [f"x{i}" for i in range(17)]
    many = [_input(name, [1.0], ["i"]) for name in names]
    yield {
        "name": "limits/17 inputs with dims",
        "asks": _asks(" + ".join(names), many),
        "refused": {"status": "INVALID_ARGUMENT", "reason": "REQUEST"},
    }


def _methods() -> Iterator[dict[str, Any]]:
    plan = {
        "function": {"expression": "a*x**2"},
        "inputs": [{"name": "x", "dims": ["x"]}, {"name": "a"}],
        "derivatives": [{"wrt": ["x"]}],
    }
    for method, asks, has in (
        ("GetServerInfo", {}, ["version", "limits.messageBytes", "limits.unaryResultBytes", "languageFunctions"]),
        ("GetServerStatus", {}, ["version", "load"]),
        ("ListFunctions", {}, []),
        ("Explain", {"plan": plan}, ["digest", "program"]),
    ):
        yield {"name": f"methods/{method}", "method": method, "asks": asks, "has": has}
    yield {
        "name": "methods/Explain of what is none",
        "method": "Explain",
        "asks": {"plan": {**plan, "function": {"expression": "a*"}}},
        "refused": {"status": "INVALID_ARGUMENT", "reason": "EXPRESSION"},
    }
    inputs = [_input("t", [1.0, 2.0, 3.0], ["t"]), _input("a", 10.0, [])]
    gives = {
        "dims": ["t"],
        "shape": [3],
        "derivatives": [["a"]],
        "components": ["f"],
        "planes": [[10.0, 20.0, 30.0], [1.0, 2.0, 3.0]],
    }
    asks = _asks("a*t", inputs, [["a"]], bind=True, fixed=["t"])
    yield {
        "name": "methods/a request by number",
        "feature": "bound",
        "asks": asks,
        "gives": gives,
        "again": {"numbers": [-1.0], "gives": {**gives, "planes": [[-1.0, -2.0, -3.0], [1.0, 2.0, 3.0]]}},
    }


def _streams() -> Iterator[dict[str, Any]]:
    together = [
        "values/bilinear",
        "errors/text that ends too early",
        "values/no dims",
        "limits/a result over that of one message",
        "values/one of several components",
    ]
    yield {"name": "streams/one fails and the others go on", "together": together}
    yield {
        "name": "streams/an id twice ends the stream",
        "twice": "limits/a result over that of one message",
        "refused": {"status": "INVALID_ARGUMENT"},
    }
    x = {"name": "x", "dims": ["x"], "values": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]}
    planes = [[[10.0, 40.0], [20.0, 40.0]], [[90.0, 160.0], [60.0, 80.0]], [[250.0, 360.0], [100.0, 120.0]]]
    gives = [
        {"dims": ["x"], "shape": [2], "derivatives": [["x"]], "components": ["f"], "planes": each} for each in planes
    ]
    yield {
        "name": "streams/a pack",
        "pack": 3,
        "asks": _asks("a*x**2", [x, _input("a", 10.0, [])], [["x"]]),
        "each": gives,
    }


def _sessions() -> Iterator[dict[str, Any]]:
    yield {
        "name": "sessions/a token that is none is turned away",
        "greets": False,
        "sends": [{"token": "bm8="}],
        "ends": True,
    }
    yield {
        "name": "sessions/what was not leased can't be released",
        "greets": True,
        "sends": [{"released": ["999999"]}],
        "ends": True,
    }


if __name__ == "__main__":
    CASES.write_text(written())
