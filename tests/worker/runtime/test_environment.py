from __future__ import annotations

import os
from pathlib import Path

import pytest

from gridgrad_worker.runtime import process


@pytest.mark.parametrize(
    ("before", "after"),
    [({}, "4000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, None)],
)
def test_threads_spin_briefly_unless_told_otherwise(
    before: dict[str, str], after: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    process.spin_briefly()
    assert os.environ.get("GOMP_SPINCOUNT") == after


@pytest.mark.parametrize(("given", "kept"), [("there", str(Path.cwd() / "there")), (None, "before")])
def test_what_is_compiled_is_kept_where_it_is_said(
    given: str | None, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDGRAD_CACHE", "before")
    process.keep_code_in(None if given is None else Path(given))
    assert os.environ["GRIDGRAD_CACHE"] == kept
