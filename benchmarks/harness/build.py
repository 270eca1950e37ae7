"""Builds: worktrees whose processes can run beside each other, whatever their layout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["HERE", "NEW", "OLD", "OLD_AGAIN", "Build", "builds_of"]

HERE = Path(__file__).parents[2]
FOLDERS = ("core", "client", "server", "worker")
"""Where packages lie; versions before 0.2 have no core."""
NEW, OLD, OLD_AGAIN = "new", "old", "old again"


class Build(NamedTuple):
    """The code of one worktree.

    Args:
        label: what it is called in a run.
        root: the worktree.
    """

    label: str
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its processes have in their environment. The benchmarks' own modules are those of this worktree."""
        folders = [self.root / name for name in FOLDERS if (self.root / name).is_dir()]
        return {
            "PYTHONPATH": os.pathsep.join(map(str, [*folders, HERE])),
            "GRIDGRAD_BENCH_ROOT": str(self.root),
        }

    def describe(self) -> str:
        """Its commit, if git knows it."""
        command = ["git", "-C", str(self.root), "describe", "--always", "--dirty"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return "of no commit"
        return done.stdout.strip()


def builds_of(old: Path | None, *, noise: bool) -> list[Build]:
    """The builds of a run.

    Args:
        old: another worktree.
        noise: whether that one runs twice, so that one sees by how much equal things differ.

    Raises:
        ValueError: no package lies there.
    """
    if old is None:
        return [Build(NEW, HERE)]
    root = old.resolve()
    if not (root / "client" / "gridgrad").is_dir():
        raise ValueError(f"--old {old}: there is no client/gridgrad in it; give the root of a worktree")
    return [*([Build(OLD_AGAIN, root)] if noise else []), Build(OLD, root), Build(NEW, HERE)]
