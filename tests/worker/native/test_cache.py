"""The cache on disk: what is damaged, foreign, stale or too much."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gridgrad_worker.native import cache as module
from gridgrad_worker.native.cache import NOBODY, Cache, CacheOwner
from gridgrad_worker.native.cache_dir import open_directory

KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(open_directory(tmp_path / "compiled"), 100_000)


def library(tmp_path: Path, content: bytes = b"code") -> Path:
    path = tmp_path / "grid.so"
    path.write_bytes(content)
    return path


def keep(cache: Cache, tmp_path: Path, key: str = KEY, size: int = 4, owner: CacheOwner = NOBODY) -> None:
    cache.keep(key, [library(tmp_path, b"x" * size)], "layout", owner)


def test_what_is_kept_is_found(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    package = cache.find(KEY)
    assert package is not None
    assert package.libraries["grid.so"].read_bytes() == b"xxxx"
    assert (package.layout, package.refused) == ("layout", "")
    assert cache.find(OTHER) is None
    assert {path.name for path in cache.root.iterdir()} == {KEY}


def test_all_is_private(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    assert {path.stat().st_mode & 0o077 for path in (cache.root, *cache.root.rglob("*"))} == {0}


def test_a_refusal_is_remembered(cache: Cache) -> None:
    cache.refuse(KEY, "no use")
    package = cache.find(KEY)
    assert package is not None
    assert package.refused == "no use"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"key": 1, "files": {}}', b"\xff" * 99, b"9" * 100_000, b"[" * 60_000]
)
def test_a_damaged_manifest_is_ignored_and_replaced(cache: Cache, tmp_path: Path, content: bytes) -> None:
    keep(cache, tmp_path)
    (cache.root / KEY / "manifest.json").write_bytes(content)
    assert cache.find(KEY) is None
    keep(cache, tmp_path)
    assert cache.find(KEY) is not None


def test_a_damaged_library_is_ignored(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    (cache.root / KEY / "grid.so").write_bytes(b"xxxy")
    assert cache.find(KEY) is None


def test_a_missing_library_is_ignored(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    (cache.root / KEY / "grid.so").unlink()
    assert cache.find(KEY) is None


def test_the_package_of_another_key_is_ignored(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    (cache.root / KEY).rename(cache.root / OTHER)
    assert cache.find(OTHER) is None


def test_a_manifest_names_no_other_place(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    path = cache.root / KEY / "manifest.json"
    content = json.loads(path.read_text())
    content["files"] = {"../../grid.so": content["files"]["grid.so"]}
    path.write_text(json.dumps(content))
    assert cache.find(KEY) is None


@pytest.mark.parametrize("name", [".", "grid.so", "manifest.json"])
def test_what_others_may_write_to_is_ignored(cache: Cache, tmp_path: Path, name: str) -> None:
    keep(cache, tmp_path)
    (cache.root / KEY / name).chmod(0o777)
    assert cache.find(KEY) is None


def test_a_link_is_ignored(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    path = cache.root / KEY / "grid.so"
    path.unlink()
    path.symlink_to(library(tmp_path, b"xxxx"))
    assert cache.find(KEY) is None


def test_what_another_compiler_made_is_stale(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "compiler_version", lambda: "g++ 1")
    keep(cache, tmp_path)
    assert cache.find(KEY) is not None
    monkeypatch.setattr(module, "compiler_version", lambda: "g++ 2")
    assert cache.find(KEY) is None
    monkeypatch.setattr(module, "compiler_version", lambda: None)
    assert cache.find(KEY) is not None, "it serves where there is no compiler"


def test_what_was_used_longest_ago_goes_first(cache: Cache, tmp_path: Path) -> None:
    keys = [letter * 64 for letter in "abc"]
    for age, key in zip((300, 200, 100), keys, strict=True):
        keep(cache, tmp_path, key, size=30_000)
        os.utime(cache.root / key, (1e9 - age, 1e9 - age))
    assert cache.find(keys[0]) is not None  # which is a use
    keep(cache, tmp_path, "d" * 64, size=30_000)
    found = [key for key in (*keys, "d" * 64) if cache.find(key)]
    assert found == [keys[0], keys[2], "d" * 64]


def test_an_owner_who_has_too_much_loses_his_own(cache: Cache, tmp_path: Path) -> None:
    alice, bob = CacheOwner("@alice", 50_000), CacheOwner("@bob")
    keep(cache, tmp_path, OTHER, 30_000, bob)
    for age, letter in zip((300, 200), "cd", strict=True):
        keep(cache, tmp_path, letter * 64, 20_000, alice)
        os.utime(cache.root / (letter * 64), (1e9 - age, 1e9 - age))
    assert cache.find("c" * 64) is not None  # which is a use
    keep(cache, tmp_path, KEY, 20_000, alice)
    assert [key[0] for key in (OTHER, "c" * 64, "d" * 64, KEY) if cache.find(key)] == ["b", "c", "a"]
    assert "alice" not in (cache.root / KEY / "manifest.json").read_text()


def test_what_is_refused_takes_room_too(cache: Cache) -> None:
    for each in range(30):
        cache.refuse(f"{each:064d}", "no use", CacheOwner("@alice", 40_000))
    assert len(list(cache.root.iterdir())) == 4
    for each in range(30):
        cache.refuse(f"{each:064d}", "no use")
    assert len(list(cache.root.iterdir())) == 12


def test_a_package_larger_than_the_cache_still_serves(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path, KEY)
    keep(cache, tmp_path, OTHER, size=200_000)
    assert cache.find(OTHER) is not None
    assert cache.find(KEY) is None


def test_a_workplace_survives_a_discard_and_is_removed_in_the_end(cache: Cache, tmp_path: Path) -> None:
    with cache.workplace() as workplace:
        keep(cache, tmp_path)
        cache.discard(KEY)
        assert workplace.is_dir()
    assert list(cache.root.iterdir()) == []
