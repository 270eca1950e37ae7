"""The process that makes the calls of one side, with the modules of its build.

    python -m benchmarks.harness.child

It answers lines of JSON on standard input with lines of JSON:
{"open": "module:function", "arguments": {}} enters a context manager that gives a `Run` and answers {"opened": n};
{"run": n, "order": {}} answers {"block": [...]};
{"close": n} leaves it;
{"ask": "module:function", "arguments": {}} calls a function and answers {"told": ...}.
What fails answers {"error": ...}.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.harness.block import Run

__all__: list[str] = []


class Child:
    """What is open."""

    def __init__(self) -> None:
        self._opened: dict[int, tuple[contextlib.ExitStack, Run]] = {}
        self._count = 0

    def obey(self, told: dict[str, Any]) -> dict[str, Any]:
        """Does what a line says."""
        if "open" in told:
            return {"opened": self._open(_find(told["open"]), told["arguments"])}
        if "run" in told:
            return {"block": self._opened[told["run"]][1](told["order"])}
        if "close" in told:
            self._opened.pop(told["close"])[0].close()
            return {}
        return {"told": _find(told["ask"])(**told["arguments"])}

    def _open(self, make: Callable[..., contextlib.AbstractContextManager[Run]], arguments: dict[str, Any]) -> int:
        with contextlib.ExitStack() as stack:
            run = stack.enter_context(make(**arguments))
            self._count += 1
            self._opened[self._count] = stack.pop_all(), run
        return self._count


def _find(path: str) -> Callable[..., Any]:
    module, name = path.split(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def main() -> None:
    """Answers until standard input ends."""
    child, answers = Child(), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what calls print is no answer
    for line in sys.stdin:
        try:
            answer = child.obey(json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever it is, the benchmark hears of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
