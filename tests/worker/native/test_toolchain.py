"""Which compiler is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_path_without_compilers_has_none(tmp_path: Path) -> None:
    code = "from gridgrad_worker.native.toolchain import compiler_version; print(compiler_version())"
    environment = {name: value for name, value in os.environ.items() if name != "CXX"} | {"PATH": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"
