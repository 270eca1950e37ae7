"""The web site of the documentation: it builds without a warning, and its reference has all that the client offers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import gridgrad

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "site" / "reference.rst"
CONTENTS = ROOT / "docs" / "site" / "index.md"


def test_the_reference_has_every_public_name() -> None:
    entries = set(re.findall(r"^\.\. auto\w+:: gridgrad\.([\w.]+)$", REFERENCE.read_text(), re.MULTILINE))
    modules = {name for name in entries if name.split(".")[0] in gridgrad._MODULES}
    assert entries - modules == set(gridgrad.__all__) - gridgrad._MODULES - {"__version__"}
    assert {name.split(".")[0] for name in modules} == gridgrad._MODULES


def test_every_page_is_in_the_contents() -> None:
    listed = set(re.findall(r"^\.\./([\w-]+)$", CONTENTS.read_text(), re.MULTILINE))
    assert listed == {page.stem for page in (ROOT / "docs").glob("*.md")}


@pytest.mark.long
def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "site", f"SITE={tmp_path}"],  # noqa: S607 - from PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "site" / "reference.html").read_text()
    assert "gridgrad.Client.gradient" in reference
    assert "partial derivatives" in (tmp_path / "site" / "index.html").read_text()
