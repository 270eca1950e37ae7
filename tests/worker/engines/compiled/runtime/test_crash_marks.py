"""What the next worker learns of the one that crashed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMarks, discard_fatal
from gridgrad_worker.native.cache import Cache
from gridgrad_worker.native.cache_dir import open_directory

KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(open_directory(tmp_path / "compiled"), 10_000)


def library(tmp_path: Path, content: bytes = b"code") -> Path:
    path = tmp_path / "grid.so"
    path.write_bytes(content)
    return path


def keep(cache: Cache, tmp_path: Path, key: str = KEY, size: int = 4) -> None:
    cache.keep(key, [library(tmp_path, b"x" * size)], "layout")


def died_in(cache: Cache, key: str | None) -> None:
    """Leaves what a worker leaves that was killed while it ran a package, or none."""
    marks = CrashMarks(cache.root)
    (path,) = (path for path in cache.root.glob("worker-*"))
    if key is None:
        content = path.read_bytes()
    else:
        with marks.of(key):
            content = path.read_bytes()
    marks.close()
    path.write_bytes(content)


def test_a_package_that_a_worker_died_in_is_discarded(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path, KEY)
    keep(cache, tmp_path, OTHER)
    died_in(cache, KEY)
    assert discard_fatal(cache) == [KEY]
    assert cache.find(KEY) is None
    assert cache.find(OTHER) is not None
    assert not list(cache.root.glob("worker-*"))


def test_the_second_death_is_the_last(cache: Cache, tmp_path: Path) -> None:
    for _ in range(2):
        keep(cache, tmp_path)
        died_in(cache, KEY)
        discard_fatal(cache)
    package = cache.find(KEY)
    assert package is not None
    assert "2 workers crashed" in package.refused


def test_a_worker_that_died_elsewhere_costs_no_package(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    died_in(cache, None)
    assert discard_fatal(cache) == []
    assert cache.find(KEY) is not None


def test_a_worker_that_lives_costs_no_package(cache: Cache, tmp_path: Path) -> None:
    keep(cache, tmp_path)
    marks = CrashMarks(cache.root)
    with marks.of(KEY):
        assert discard_fatal(cache) == []
    assert cache.find(KEY) is not None
    marks.close()
