"""The file that says where the server listens, for those who start it: it is there once a worker is warm, and whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["problem_of", "write"]


def problem_of(file: Path) -> str | None:
    """Why such a file can't be written, as far as can be told before it is; None if it can."""
    if not file.parent.is_dir():
        return f"--address-file: there is no folder {file.parent}: make it, or give another path"
    if file.is_dir():
        return f"--address-file: {file} is a folder: give a path in it"
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent):
            return None
    except OSError as error:
        return f"--address-file: nothing can be written in {file.parent} ({error.strerror}): give another path"


def write(file: Path, addresses: Iterable[str]) -> None:
    """Writes it, an address a line.

    Raises:
        OSError: the disk is full, or the folder is gone by now.
    """
    written = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        written.write_text("".join(f"{address}\n" for address in addresses))
        written.rename(file)  # so that the file appears whole
    except OSError:
        written.unlink(missing_ok=True)
        raise
