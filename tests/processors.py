"""Runs the tests of bits, digits and compiled code as other processors would: `python -m tests.processors`.

torch has code for several kinds of processors, and so has what we compile: AVX-512, AVX2 and what all have. A test that
passes with the one can fail with the other, wherever it asks for bits that nobody promises. Those marked `processor`
run again as on each kind that this processor can stand in for: those of compiled code always, those of torch by
`--long` alone, in `make test-long`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from gridgrad_worker.native.march import runs

ALL = ("tests/worker",)
OF_COMPILED_CODE = (
    "tests/worker/engines/compiled/test_functions.py",
    "tests/worker/engines/compiled/runtime/test_compiled_engine.py",
)


class Outcome(NamedTuple):
    """How a leg went.

    Args:
        passed: whether its tests did, or it can't be run here.
        said: what pytest wrote.
    """

    passed: bool
    said: str


class Leg(NamedTuple):
    """A kind of processor.

    Args:
        march: what compiled code is made for.
        torch: torch's name for the vectors that it has, as in ATEN_CPU_CAPABILITY; "" for all of them.
        tests: which tests are to run; those of torch need no second run with the same vectors.
    """

    march: str
    torch: str
    tests: Sequence[str]

    def run(self, arguments: Sequence[str]) -> Outcome:
        """Runs the tests."""
        if not runs(self.march):
            return Outcome(True, f"{self.march}: this processor does not run it")
        environment = {**os.environ, "GRIDGRAD_MARCH": self.march}
        if self.torch:
            environment["ATEN_CPU_CAPABILITY"] = self.torch
        command = [sys.executable, "-m", "pytest", "-q", "-m", "processor and not gpu and not long"]
        done = subprocess.run(
            [*command, *self.tests, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        with_vectors = self.torch or "all vectors that there are"
        return Outcome(done.returncode == 0, f"{self.march}, torch with {with_vectors}:\n{done.stdout}")


LEGS = (Leg("x86-64-v3", "avx2", OF_COMPILED_CODE), Leg("x86-64", "default", OF_COMPILED_CODE))
LONG_LEGS = (
    Leg("x86-64-v3", "avx2", ALL),
    Leg("x86-64-v2", "default", ALL),
    Leg("x86-64-v4", "", OF_COMPILED_CODE),  # where this processor runs it, it is nearly what all tests have had
)
LONG = "--long"
AT_ONCE = 2


def main(arguments: Sequence[str]) -> int:
    """Runs all, and tells how each went as it ends.

    Args:
        arguments: `--long` for those that take long, and further ones for pytest.

    Returns:
        The exit status.
    """
    passed, for_pytest = True, [argument for argument in arguments if argument != LONG]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in pool.map(lambda leg: leg.run(for_pytest), LONG_LEGS if LONG in arguments else LEGS):
            print(outcome.said, flush=True)
            passed = passed and outcome.passed
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
