"""Packages that only some callers need, imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from gridgrad_core.errors import MissingExtraError

__all__ = ["optional"]


def optional(module: str, extra: str) -> Any:
    """Imports a module of a package that an extra of Gridgrad installs.

    Args:
        module: its dotted name.
        extra: the extra that brings it.

    Returns:
        The module.

    Raises:
        MissingExtraError: it is not installed; says which extra to install.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise  # it is there, and lacks something of its own
        raise MissingExtraError(package, "is not installed", f"pip install 'gridgrad[{extra}]'") from error
