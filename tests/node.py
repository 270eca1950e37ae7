"""Node for the tests that run JavaScript: they are skipped where it, or what the example needs of npm, is not there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ["run_node"]

EXAMPLE = Path(__file__).parents[1] / "examples" / "node"
TIMEOUT_S = 120.0


def run_node(arguments: Sequence[str], *, has_packages: bool = True) -> str:
    """What Node prints, in the folder of the example; skips the test, with the reason, where it can't run.

    Args:
        arguments: of it.
        has_packages: whether it needs those of the example.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here")
    if has_packages and not (EXAMPLE / "node_modules").is_dir():
        pytest.skip("the npm packages of examples/node are not here: make node gets them")
    done = subprocess.run(
        [node, *arguments], cwd=EXAMPLE, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
