"""A client of whatever version is on the path calls a server of whatever version and says what came of it.

    python -m tests.compatibility.caller ADDRESS near|far FILE

A client that is near goes by a session, whichever address it is given. FILE takes the numbers as .npz, `case/output` to
array; standard output gets JSON: the package that called, how many answers came by a session, and for each case what
else there was to see. Only what 0.1.0 offered is used here. The function `gate` has to be held at 1e9, for a call that
comes too late.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import gridgrad
import gridgrad.aio

__all__ = ["ARCHIVE"]

TIMEOUT_S = 60.0
ARCHIVE = "components.npz"
"""The file, where it runs, that takes the result of that name as `Result.to_npz` writes it."""
TEXT = "t*exp(-k) + sin(t*k)"
AXES = {"t": np.linspace(1, 2, 32), "k": np.linspace(2, 3, 24)}
LARGE = {"t": np.linspace(1, 2, 400), "k": np.linspace(2, 3, 350)}
HUGE = {"t": np.linspace(1, 2, 1000), "k": np.linspace(2, 3, 800)}

Arguments = Mapping[str, Any]

REQUESTS: dict[str, Arguments] = {
    "small": {"function": TEXT, "inputs": AXES, "order": 2},
    "the same at other numbers": {"function": TEXT, "inputs": {**AXES, "k": AXES["k"] + 1}, "order": 2},
    "lists": {"function": TEXT, "inputs": {"t": [1, 2], "k": [2, 3, 4]}, "wrt": "k", "order": 3},
    "in pieces": {"function": TEXT, "inputs": LARGE},
    "larger than a session": {"function": TEXT, "inputs": HUGE},
    "float32": {"function": TEXT, "inputs": LARGE, "dtype": "float32"},
    "components": {"function": "u = t*k; v = exp(t)/k; u, v", "inputs": LARGE, "derivatives": ["t", ("t", "k")]},
    "evenly spaced": {
        "function": "a*x**2 + x*y",
        "inputs": {"x": gridgrad.linspace(0, 1, 300), "y": gridgrad.linspace(1, 2, 400), "a": 2.5},
    },
    "two dims": {"function": "T*p + p**2", "inputs": {"T": (("i", "j"), np.arange(12.0).reshape(3, 4)), "p": [1, 2]}},
    "from numpy": {"function": lambda t, k: np.where(t > 1.5, t * np.log(k), k), "inputs": AXES},
    "coefficients": {
        "function": "n_0*t + n_1*t*k",
        "inputs": AXES,
        "coefficients": {"n": np.array([2.0, 3.0])},
        "wrt": ["n", "t"],
    },
    "registered": {"function": gridgrad.registered("fails"), "inputs": {"x": np.linspace(0, 3, 200_000)}},
    "a point": {"function": "t*k", "inputs": {"t": 2.0, "k": 3.0}, "wrt": ["t"]},
    "nothing": {"function": "t*k", "inputs": {"t": [], "k": [1.0]}},
    "not finite": {"function": "log(x) + 1/x", "inputs": {"x": [-1.0, 0.0, 1.0, np.inf, np.nan]}},
}

REFUSED: dict[str, Arguments] = {
    "no expression": {"function": "sine(t)", "inputs": {"t": [1.0]}},
    "an input that is not used": {"function": "t", "inputs": {"t": [1.0], "spare": 1.0}},
    "no such function": {"function": gridgrad.registered("no_such"), "inputs": {"x": [1.0]}},
    "another argument": {"function": gridgrad.registered("fails"), "inputs": {"z": [1.0]}},
    "too large": {
        "function": "t*k",
        "inputs": {"t": gridgrad.linspace(0, 1, 90_000), "k": gridgrad.linspace(0, 1, 90_000)},
    },
    "not compiled": {"function": TEXT, "inputs": AXES, "tier": "compiled"},
    "a function that raises": {"function": gridgrad.registered("fails"), "inputs": {"x": [-1e9]}},
    # At the end, since the worker stands at the gate from then on
    "too late": {"function": gridgrad.registered("gate"), "inputs": {"x": [1e9]}, "timeout": 0.5},
}
CRASH = {"function": gridgrad.registered("deadly"), "inputs": {"x": [-1e9]}}
"""It costs two workers, which takes seconds, so it is tried by sessions alone."""


class Seen(NamedTuple):
    """What the cases showed: arrays by `case/output`, and facts by the case."""

    arrays: dict[str, NDArray[Any]]
    facts: dict[str, Any]

    def keep(self, case: str, result: gridgrad.Result) -> None:
        """Adds a result."""
        self.arrays[f"{case}/"] = result.value
        self.arrays.update({f"{case}/{','.join(wrt)}": array for wrt, array in result.d.items()})
        self.facts[case] = [result.dims, result.components, result.shape, result.info.engine, result.info.tier]

    def expect(self, case: str, client: gridgrad.Client, arguments: Arguments) -> None:
        """Adds the error of a call."""
        try:
            client.gradient(**{"timeout": TIMEOUT_S, **arguments})
        except gridgrad.GridgradError as error:
            bases = [each.__name__ for each in type(error).__mro__ if each is not object]
            self.facts[case] = {"error": bases, "reason": error.reason, "remedy": bool(error.remedy)}
        else:
            self.facts[case] = {"error": ["none"]}


def requests(client: gridgrad.Client, seen: Seen) -> None:
    """Single grids."""
    client.gradient("x", {"x": [1.0]})  # the next one goes by a session
    for case, arguments in REQUESTS.items():
        seen.keep(case, client.gradient(**arguments, timeout=TIMEOUT_S))


def floods(client: gridgrad.Client, seen: Seen) -> None:
    """Many grids on one stream, in order and as they come, one of them bad; and one grid in windows."""
    many = [{"t": [1.0, 2.0], "k": [0.1 * number, 3.0]} for number in range(300)]
    for number, result in enumerate(client.map(TEXT, many, timeout=TIMEOUT_S)):
        seen.keep(f"map {number}", result)
    asked = [gridgrad.Request(text, AXES, tag=text) for text in ("t*k", "t*nothing", "t + k")]
    for outcome in client.stream(asked, errors="return", timeout=TIMEOUT_S):
        case = f"stream {outcome.request.tag if outcome.request else ''}"
        if isinstance(outcome, gridgrad.Result):
            seen.keep(case, outcome)
        else:
            seen.facts[case] = type(outcome).__name__
    whole = np.zeros((400, 350))
    for window in client.windows(TEXT, LARGE, order=0, points=50_000, timeout=TIMEOUT_S):
        whole[window.slices] = window.value
    seen.arrays["windows/"] = whole


async def asynchronous(address: str, sessions: bool, seen: Seen) -> None:
    """The same by asyncio."""
    async with gridgrad.aio.Client(address, sessions=sessions) as client:
        await client.gradient("x", {"x": [1.0]})
        for case in ("small", "in pieces", "larger than a session"):
            seen.keep(f"aio {case}", await client.gradient(**REQUESTS[case], timeout=TIMEOUT_S))
        inputs = [{"t": [1.0, 2.0], "k": [0.1 * number]} for number in range(20)]
        number = 0
        async for result in client.map(TEXT, inputs, timeout=TIMEOUT_S):
            seen.keep(f"aio map {number}", result)
            number += 1


def introspection(client: gridgrad.Client, seen: Seen) -> None:
    """What else a client can ask."""
    client.wait_ready(timeout=TIMEOUT_S)
    seen.facts["functions"] = {each.name: (each.inputs, each.components) for each in client.functions()}
    seen.facts["functions of the language"] = len(client.server_info().language_functions) > 30
    seen.facts["prepared"] = client.prepare(TEXT, AXES).tier
    seen.facts["explained"] = bool(str(client.explain(TEXT, AXES)))
    seen.facts["checked"] = client.check(TEXT, AXES, points=5).ok


def answers_by_session(client: gridgrad.Client) -> int:
    """How many answers the server has sent by sessions since it counts."""
    return sum(count for (how, _), count in client.server_status().answers.items() if how == "session")


def main(address: str, where: str, file: str) -> None:
    """Makes all calls."""
    seen, sessions = Seen({}, {}), where == "near"
    with gridgrad.Client(address, sessions=sessions) as client:
        before = answers_by_session(client)
        requests(client, seen)
        floods(client, seen)
        asyncio.run(asynchronous(address, sessions, seen))
        introspection(client, seen)
        client.gradient(**REQUESTS["components"], timeout=TIMEOUT_S).to_npz(ARCHIVE)
        by_session = answers_by_session(client) - before
        for case, arguments in [*([("a crash", CRASH)] if sessions else []), *REFUSED.items()]:
            seen.expect(case, client, arguments)
    np.savez(file, **seen.arrays)  # type: ignore[arg-type] # arrays by name, which no flag of its own is called
    told = {"version": gridgrad.__version__, "file": gridgrad.__file__, "by_session": by_session, "facts": seen.facts}
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
