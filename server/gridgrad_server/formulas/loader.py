"""Files of formulas, loaded at the start and again at SIGHUP.

At the start whatever is right is served. Later a file replaces what it had before as a whole or not at all, so that a
slip in one of its formulas changes nothing of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from gridgrad_core.system.logging import MOST_A_MINUTE, fields
from gridgrad_server.formulas.checks import FormulaChecks
from gridgrad_server.formulas.formula import FormulaFileError, WrongFormulaError
from gridgrad_server.formulas.formula_file import FormulaFile, files_of, read_file
from gridgrad_server.formulas.shared_formulas import SharedFormula, SharedFormulas

__all__ = ["FormulaLoader"]

log = logging.getLogger("gridgrad.server")


class _Loaded(NamedTuple):
    """What is served of a file, and why the rest is not."""

    served: dict[str, SharedFormula]
    refused: dict[str, str]


class FormulaLoader:
    """Loads formulas.

    Args:
        paths: files, and directories of some.
        formulas: takes them.
        checks: what each must pass.
        registered: the names that formulas can't have.
        on_change: called when others are served than before.

    Raises:
        FormulaFileError: there is no file, or one that can't be read.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        formulas: SharedFormulas,
        checks: FormulaChecks,
        registered: Callable[[], Collection[str]],
        on_change: Callable[[], None],
    ) -> None:
        self._paths = paths
        self._formulas = formulas
        self._checks = checks
        self._registered = registered
        self._on_change = on_change
        self._loaded: dict[Path, _Loaded] = {}
        self._started = asyncio.Event()
        self._first = {file: read_file(file) for file in files_of(paths)}

    def __bool__(self) -> bool:
        return bool(self._paths)

    @property
    def is_loaded(self) -> bool:
        """Whether callers may come: all formulas are checked, or there is none."""
        return self._formulas.is_loaded

    async def start(self) -> None:
        """Serves what is right of the files as they were read at the start."""
        for file, content in self._first.items():
            self._loaded[file] = await self._checked(file, content, self._taken)
        self._first = {}
        if self._paths:
            self._serve()
        self._started.set()

    async def reload(self) -> None:
        """Reads the files again; one with anything wrong stays as it was."""
        await self._started.wait()
        before, self._loaded = self._loaded, {}
        try:
            files = await asyncio.to_thread(files_of, self._paths)
        except FormulaFileError as error:
            self._loaded = before
            log.error("formulas stay as they were", extra=fields(why=error))
            return
        for file in files:
            kept = before.get(file, _Loaded({}, {}))
            self._loaded[file] = await self._read_again(file) or kept
        self._serve()

    async def _read_again(self, file: Path) -> _Loaded | None:
        """What a file has now; None if anything of it is wrong."""
        try:
            content = await asyncio.to_thread(read_file, file)
        except FormulaFileError as error:
            log.error("formulas stay as they were", extra=fields(file=file, why=error))
            return None
        loaded = await self._checked(file, content, self._taken)
        if loaded.refused:
            log.error("formulas stay as they were", extra=fields(file=file, wrong=", ".join(loaded.refused)))
            return None
        return loaded

    @property
    def _taken(self) -> set[str]:
        """The names of what files before have."""
        return {name for each in self._loaded.values() for name in each.served}

    async def _checked(self, file: Path, content: FormulaFile, taken: Collection[str]) -> _Loaded:
        loaded = _Loaded({}, dict(content.refused))
        for formula in content.formulas:
            try:
                if formula.name in taken:
                    raise WrongFormulaError("has the name of one in a file before; rename one of them")
                if formula.name in self._registered():
                    raise WrongFormulaError("has the name of a function of --functions; rename one of them")
                loaded.served[formula.name] = await self._checks.checked(formula)
            except WrongFormulaError as error:
                loaded.refused[formula.name] = str(error)
        for name, why in loaded.refused.items():
            log.error("formula refused", extra=fields(file=file, table=f"[{name}]", why=why))
        if len(loaded.refused) > MOST_A_MINUTE:  # of which the log does not have a line each
            names = ", ".join(loaded.refused)
            log.error("formulas refused", extra=fields(file=file, count=len(loaded.refused), names=names))
        return loaded

    def _serve(self) -> None:
        served: dict[str, SharedFormula] = {}
        refused: dict[str, str] = {}
        for each in self._loaded.values():
            served = each.served | served
            refused |= each.refused
        self._formulas.take(served, {name: why for name, why in refused.items() if name not in served})
        self._on_change()
        log.info("formulas loaded", extra=fields(served=len(served), refused=len(refused)))
