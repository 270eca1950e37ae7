"""The private directory that packages are kept in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gridgrad_worker.native.cache_dir import UnusableError, open_directory, place

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


@pytest.mark.parametrize("of_root", [True, False], ids=["root", "another user"])
def test_folders_above_it_are_root_s_or_the_user_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_root: bool
) -> None:
    """As for a user whom none of the folders belong to but the last."""
    above = tmp_path / "above"
    lstat, mine = os.lstat, os.geteuid() + 1
    owners = {above / "compiled": mine, above: 0 if of_root else mine + 1}

    def seen(path: Path) -> os.stat_result:
        found = list(lstat(path))
        found[stat.ST_UID] = owners.get(Path(path), 0)
        return os.stat_result(found)

    monkeypatch.setattr(os, "geteuid", lambda: mine)
    monkeypatch.setattr(os, "lstat", seen)
    if of_root:
        assert open_directory(above / "compiled") == above / "compiled"
    else:
        with pytest.raises(UnusableError, match=r"above belongs to another user.*GRIDGRAD_CACHE"):
            open_directory(above / "compiled")


def test_links_above_it_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert open_directory(tmp_path / "link" / "compiled") == tmp_path.resolve() / "real" / "compiled"


def test_the_environment_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_CACHE", "/somewhere")
    assert place() == Path("/somewhere/compiled")
    monkeypatch.delenv("GRIDGRAD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert place() == Path("/caches/gridgrad/compiled")
