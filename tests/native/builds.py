"""The native library, built by CMake for the tests; they are skipped by name where a tool is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["NATIVE", "build", "run"]

NATIVE = Path(__file__).parents[2] / "native"
TIMEOUT_S = 300.0


def run(command: list[str | Path], **options: str) -> str:
    """What a command prints; the test fails if it does."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=TIMEOUT_S, env=options or None
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def build(folder: Path, *options: str, fortran: bool = False) -> Path:
    """Builds the library and its tests in a folder."""
    for tool in ("cmake", "cc", "c++", *(["gfortran"] if fortran else [])):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool} here")
    run(["cmake", "-S", NATIVE, "-B", folder, "-DGRIDGRAD_TESTS=ON", f"-DGRIDGRAD_FORTRAN={fortran}", *options])
    run(["cmake", "--build", folder, "--parallel", "2"])
    return folder
