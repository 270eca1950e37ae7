"""The script of `make gpu` where there is no GPU: it says what is missing, and runs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[4]


def run(python: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": python}
    return subprocess.run([ROOT / ".ci" / "gpu"], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, and the script would run its tests")
def test_without_a_gpu_it_says_so() -> None:
    done = run(sys.executable)
    assert done.returncode == 1
    assert "sees no CUDA device" in done.stderr
    assert done.stdout == ""


def test_what_a_python_lacks_is_named(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o700)
    done = run(str(bare))
    assert done.returncode == 1
    assert "lacks torch, numpy, grpcio" in done.stderr
    assert "set PYTHON" in done.stderr
