"""Runs the tests of bits, digits and compiled code as other processors would: `python -m tests.processors`.

torch has code for several kinds of processors, and so has what we compile: AVX-512, AVX2 and what all have. A test that
passes with the one can fail with the other, wherever it asks for bits that nobody promises. Those marked `processor`
run again as on each kind that this processor can stand in for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_worker.engines.compiled.codegen.march import runs

ALL = ("tests/worker",)
OF_COMPILED_CODE = (
    "tests/worker/engines/compiled/test_functions.py",
    "tests/worker/engines/compiled/runtime/test_compiled_engine.py",
)


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

    def run(self, arguments: Sequence[str]) -> bool:
        """Runs the tests; whether they passed."""
        if not runs(self.march):
            print(f"{self.march}: this processor does not run it", flush=True)
            return True
        print(f"{self.march}, torch with {self.torch or 'all vectors that there are'}:", flush=True)
        environment = {**os.environ, "GRIDGRAD_MARCH": self.march}
        if self.torch:
            environment["ATEN_CPU_CAPABILITY"] = self.torch
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "processor and not gpu and not long",
            *self.tests,
            *arguments,
        ]
        return subprocess.run(command, env=environment, check=False).returncode == 0


LEGS = (
    Leg("x86-64-v4", "", OF_COMPILED_CODE),
    Leg("x86-64-v3", "avx2", ALL),
    Leg("x86-64-v2", "default", ALL),
    Leg("x86-64", "default", OF_COMPILED_CODE),
)


if __name__ == "__main__":
    passed = [leg.run(sys.argv[1:]) for leg in LEGS]
    sys.exit(0 if all(passed) else 1)
