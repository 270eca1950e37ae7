"""The versions that a test can run beside each other: this one and the released ones, each in processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import gridgrad

__all__ = ["CURRENT", "ROOT", "WHEELS", "Version", "unpacked"]

ROOT = Path(__file__).parents[2]
WHEELS = {path.name.split("-")[1]: path for path in sorted(Path(__file__).parent.glob("*.whl"))}
"""What was released, by its version."""
PACKAGES = ("core", "client", "server", "worker")
TIMEOUT_S = 240.0


class Version(NamedTuple):
    """A version that can be run.

    Args:
        name: its number.
        home: the folder that its client is loaded from.
        path: its PYTHONPATH.
    """

    name: str
    home: Path
    path: str

    @property
    def environment(self) -> dict[str, str]:
        """What its processes have in their environment; what is installed comes after it."""
        return {"PYTHONPATH": os.pathsep.join([self.path, str(ROOT)])}

    def run(self, module: str, arguments: Sequence[str], folder: Path) -> str:
        """Runs a module in a process of this version and gives what it prints; it must end, and well.

        Args:
            module: what to run.
            arguments: what comes after it.
            folder: where it runs, so that no other version is near.
        """
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


CURRENT = Version(gridgrad.__version__, ROOT / "client", os.pathsep.join(str(ROOT / each) for each in PACKAGES))


def unpacked(name: str, folder: Path) -> Version:
    """A released version, unpacked: a compiler takes the worker's headers from files.

    Args:
        name: its number.
        folder: takes it; empty.
    """
    with zipfile.ZipFile(WHEELS[name]) as wheel:
        wheel.extractall(folder)
    return Version(name, folder, str(folder))
