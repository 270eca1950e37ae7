"""The private directory that packages are kept in."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_worker.engines.compiled.runtime.cache_dir import UnusableError, open_directory, place

KEY, OTHER = "a" * 64, "b" * 64


def test_a_directory_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "compiled").mkdir(mode=0o700)
    (tmp_path / "compiled").chmod(0o755)
    with pytest.raises(UnusableError, match="GRIDGRAD_CACHE"):
        open_directory(tmp_path / "compiled")


def test_a_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "compiled").symlink_to(tmp_path / "real")
    with pytest.raises(UnusableError):
        open_directory(tmp_path / "compiled")


def test_a_directory_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableError, match="GRIDGRAD_CACHE"):
        open_directory(tmp_path / "file" / "compiled")


def test_the_environment_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_CACHE", "/somewhere")
    assert place() == Path("/somewhere/compiled")
    monkeypatch.delenv("GRIDGRAD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert place() == Path("/caches/gridgrad/compiled")
