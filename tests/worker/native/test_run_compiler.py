"""What is said when the compiler can't end its work, or may not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gridgrad_worker.native import run_compiler as module
from gridgrad_worker.native.errors import CannotCompileError, MomentaryTroubleError
from gridgrad_worker.native.run_compiler import run_all


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("kill -9 $$", "ended by SIGKILL"),
        ("echo 'g++: fatal error: Killed signal terminated program cc1plus' >&2; exit 1", "Killed"),
        ("echo 'g++: internal compiler error: File size limit exceeded signal' >&2; exit 4", "File size limit"),
        ("echo 'grid0.cpp:1: fatal error: error writing to -: No space left on device' >&2; exit 1", "No space left"),
    ],
)
def test_trouble_that_is_not_the_program_s_is_told_apart(tmp_path: Path, does: str, said: str) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text(f"#!/bin/sh\n{does}\n")
    compiler.chmod(0o700)
    with pytest.raises(MomentaryTroubleError, match=said):
        run_all([[str(compiler)]])


GREEDY = """#!{python}
import sys
import time
time.sleep(0.3)  # until it has its limit
try:
    taken = bytearray(80 << 20)
except MemoryError:
    sys.exit("cc1plus: out of memory allocating 83886080 bytes")
sys.exit("grid0.cpp:1: error: it got what it wanted")
"""


def test_what_takes_the_compiler_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text(GREEDY.format(python=sys.executable))
    compiler.chmod(0o700)
    monkeypatch.setattr(module, "_MOST_BYTES", 64 << 20)
    with pytest.raises(CannotCompileError, match="the compiler needs more than 64 MiB for it") as refused:
        run_all([[str(compiler)]])
    assert not isinstance(refused.value, MomentaryTroubleError)
