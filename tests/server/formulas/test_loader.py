"""Files of formulas as they are loaded: at the start what is right of them, later whole files or nothing of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gridgrad_core.errors import StartingError
from gridgrad_core.system.logging import MOST_A_MINUTE
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.formulas.checks import FormulaChecks
from gridgrad_server.formulas.formula import FormulaFileError
from gridgrad_server.formulas.loader import FormulaLoader
from gridgrad_server.formulas.shared_formulas import SharedFormulas
from tests.server.formulas.asking import asked


class Loading:
    """A directory, and a loader of it."""

    def __init__(self, folder: Path, **files: str) -> None:
        self.folder = folder
        self.formulas = SharedFormulas(is_loaded=False)
        self.changes = 0
        self.write(**files)
        nowhere: Any = None
        checks = FormulaChecks(Programs(), nowhere)
        self.loader = FormulaLoader([folder], self.formulas, checks, lambda: {"vortex"}, self.changed)

    def changed(self) -> None:
        self.changes += 1

    def write(self, **files: str) -> None:
        for name, text in files.items():
            content = "".join(f"[{each.split('=')[0]}]\nexpression = '{each.split('=')[1]}'\n" for each in text.split())
            (self.folder / f"{name}.toml").write_text(content)

    @property
    def served(self) -> dict[str, str]:
        return {name: each.parsed.text for name, each in self.formulas._served.items()}


async def test_at_the_start_what_is_right_is_served(tmp_path: Path) -> None:
    loading = Loading(tmp_path, a="f=x g=x+ vortex=x", b="f=y h=y")
    with pytest.raises(StartingError):
        loading.formulas.in_place(asked("f", "x"))
    await loading.loader.start()
    assert loading.loader.is_loaded
    assert loading.served == {"f": "x", "h": "y"}
    assert {*loading.formulas._refused} == {"g", "vortex"}


async def test_where_many_are_refused_a_line_of_the_log_has_all_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"f{number}" for number in range(MOST_A_MINUTE + 1)]
    await Loading(tmp_path, a=" ".join(f"{name}=x+" for name in names)).loader.start()
    said = [vars(record)["fields"] for record in caplog.records if record.getMessage() == "formulas refused"]
    assert said == [{"file": tmp_path / "a.toml", "count": len(names), "names": ", ".join(names)}]


async def test_later_a_file_is_taken_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    loading = Loading(tmp_path, a="f=x g=x", b="h=y")
    await loading.loader.start()
    loading.write(a="f=2*x g=x+", b="h=3*y", c="i=z")
    await loading.loader.reload()
    assert loading.served == {"f": "x", "g": "x", "h": "3*y", "i": "z"}
    (tmp_path / "b.toml").write_text("[h")
    (tmp_path / "c.toml").unlink()
    await loading.loader.reload()
    assert loading.served == {"f": "x", "g": "x", "h": "3*y"}
    for file in tmp_path.iterdir():
        file.unlink()
    await loading.loader.reload()
    assert loading.served == {"f": "x", "g": "x", "h": "3*y"}
    assert loading.changes == 3


async def test_what_can_t_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(FormulaFileError, match="no file there"):
        Loading(tmp_path)
