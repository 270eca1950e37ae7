"""Compiled code under the sanitizers of addresses and of undefined behaviour: no grid goes beside its memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++"),
    pytest.mark.timeout(1500),
]
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=all -O1 -g1"
HERE = Path(__file__).parent
WRONG = """
extern "C" void write(double* numbers, long n) { numbers[n] = 1; }
"""
"""Writes one number too far."""
CALLER = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
memory = ctypes.CDLL(None).malloc
memory.restype = ctypes.c_void_p
library.write(ctypes.c_void_p(memory(64)), ctypes.c_long(int(sys.argv[2])))
"""
TESTS = """
import os, sys
import pytest
del os.environ["LD_PRELOAD"]  # the compiler has no room for the checks: its memory is bounded
sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What has everything that is compiled checked, in a process that loads the checks first."""
    compiler = tmp_path_factory.mktemp("sanitizing") / "g++"
    compiler.write_text(f'#!/bin/sh\nexec {shutil.which("g++")} "$@" {FLAGS}\n')
    compiler.chmod(0o700)
    first = [_library(name) for name in ("libasan.so", "libstdc++.so")]
    return {**os.environ, "CXX": str(compiler), "LD_PRELOAD": " ".join(first), "ASAN_OPTIONS": "detect_leaks=0"}


def _library(name: str) -> str:
    command = ["g++", f"-print-file-name={name}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(found).is_absolute():
        pytest.skip(f"g++ has no {name}")
    return found


@pytest.mark.parametrize(("place", "is_right"), [(7, True), (8, False)])
def test_a_number_too_far_is_seen(environment: dict[str, str], tmp_path: Path, place: int, is_right: bool) -> None:
    source, library = tmp_path / "wrong.cpp", tmp_path / "wrong.so"
    source.write_text(WRONG)
    building = {name: value for name, value in environment.items() if name != "LD_PRELOAD"}
    subprocess.run([environment["CXX"], "-shared", "-fPIC", str(source), "-o", str(library)], env=building, check=True)
    command = [sys.executable, "-c", CALLER, str(library), str(place)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode == 0) is is_right, run.stderr
    assert ("heap-buffer-overflow" in run.stderr) is not is_right


@pytest.mark.parametrize("tests", ["test_grids.py", "test_programs.py::test_random_programs_agree"])
def test_compiled_code_stays_in_its_memory(environment: dict[str, str], tests: str) -> None:
    command = [sys.executable, "-c", TESTS, "-q", "-x", "-n", "0", "-p", "no:cacheprovider", str(HERE / tests)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    assert " passed" in run.stdout
