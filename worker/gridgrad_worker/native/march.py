"""Which processors the compiled code is for: this one, or all of a level of x86-64.

The levels are those of the x86-64 psABI, https://gitlab.com/x86-psABIs/x86-64-ABI, section 3.1.1.
"""

from __future__ import annotations

import functools
import os

__all__ = ["LEVELS", "NATIVE", "march", "processor_flags", "runs", "unsupported"]

NATIVE = "native"

# As /proc/cpuinfo calls them: pni is SSE3, abm has LZCNT
_V2 = ("cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3")
_V3 = (*_V2, "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave")
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")

LEVELS = {"x86-64": ("lm", "sse2"), "x86-64-v2": _V2, "x86-64-v3": _V3, "x86-64-v4": _V4}
"""What a processor must have of each level, the lowest first."""


def march() -> str:
    """What the compiler is told to compile for: what GRIDGRAD_MARCH says, else "native"."""
    return os.environ.get("GRIDGRAD_MARCH") or NATIVE


def unsupported() -> str:
    """Why nothing can be compiled for `march()`, and what to do; empty if it can."""
    given = march()
    if given == NATIVE or runs(given):
        return ""
    choices = ", ".join((NATIVE, *filter(runs, LEVELS)))
    return f"GRIDGRAD_MARCH is {given!r}, which this processor does not run; set it to one of {choices}"


def runs(level: str) -> bool:
    """Whether this processor runs code for a level of `LEVELS`."""
    return level in LEVELS and set(LEVELS[level]) <= processor_flags()


@functools.cache
def processor_flags() -> frozenset[str]:
    """The instruction sets of this processor, as Linux names them; none if it does not say."""
    try:
        with open("/proc/cpuinfo") as lines:
            named = (line for line in lines if line.startswith(("flags", "Features")))
            return frozenset(next(named, "").split()[2:])
    except OSError:
        return frozenset()
