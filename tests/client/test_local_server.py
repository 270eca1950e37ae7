"""A private server that does not come about says why; tests/service has those that do."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from gridgrad.local_server import private_server
from gridgrad_core.errors import UnavailableError


@pytest.mark.parametrize("package", ["gridgrad_server", "gridgrad_worker", "torch"])
def test_what_is_not_installed_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(UnavailableError, match=rf"{package} is not installed for one here; pip install"):
        private_server().__enter__()
    with pytest.raises(UnavailableError, match="; use the fake one"):
        private_server(remedy="use the fake one").__enter__()


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise SystemExit('gridgrad-server: no luck today')", "no luck today"),
        ("import sys; print('gridgrad-server: a flag', file=sys.stderr); print('bye', file=sys.stderr)", "a flag"),
        ("", "it said nothing"),
    ],
)
def test_one_that_does_not_start_is_quoted(
    program: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gridgrad_server.py").write_text(program)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=f"did not start; .*{said}"):
        private_server().__enter__()
