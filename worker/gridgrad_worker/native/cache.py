"""The cache: packages on disk by key, bounded in size, and in what each owner has of it.

A package is a directory named by its key: the libraries, and a manifest with their digests, written last and
moved into place whole. What is damaged, foreign or stale is as good as not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gridgrad_worker.native.cache_dir import trusted
from gridgrad_worker.native.toolchain import compiler_version

__all__ = ["NOBODY", "Cache", "CacheOwner", "CompiledPackage"]

_MANIFEST = "manifest.json"
_MOST_MANIFEST = 1 << 16
_KEY_LENGTH = 64
_LONGEST_MAKING_S = 86400.0
_LEAST_SIZE = 1 << 13
"""What a package takes on disk at least: a directory and a manifest."""


class CacheOwner(NamedTuple):
    """Who has a package made.

    Args:
        name: of the principal, or the host.
        most_bytes: how much his packages may take together; 0 for as much as there is room for.
    """

    name: str = ""
    most_bytes: int = 0

    @property
    def digest(self) -> str:
        """By which a package names its owner: whoever may read the cache need not learn who asks for what."""
        return hashlib.sha256(self.name.encode()).hexdigest() if self.name else ""


NOBODY = CacheOwner()


class CompiledPackage(NamedTuple):
    """What the cache has for a key.

    Args:
        libraries: the paths of the libraries by name.
        layout: what they and their caller must agree on.
        refused: why there are none and never will be; empty otherwise.
    """

    libraries: Mapping[str, Path]
    layout: str
    refused: str


class Cache:
    """Packages in a directory.

    Args:
        root: the directory, checked by `open_directory`.
        most_bytes: how much they may take together.
    """

    def __init__(self, root: Path, most_bytes: int) -> None:
        self.root = root
        self.most_bytes = most_bytes

    def find(self, key: str) -> CompiledPackage | None:
        """The package of a key, whole and trusted; None if there is none. Counts as a use of it."""
        place = self.root / key
        manifest = _manifest(place)
        if manifest is None or manifest.key != key:
            return None
        if manifest.refused:
            return CompiledPackage({}, "", manifest.refused)
        known = compiler_version()
        if known is not None and manifest.compiler != known:
            return None
        for name, digest in manifest.files.items():
            if not trusted(place / name, is_directory=False) or _digest(place / name) != digest:
                return None
        with contextlib.suppress(OSError):
            os.utime(place)
        return CompiledPackage({name: place / name for name in manifest.files}, manifest.layout, "")

    def keep(self, key: str, files: Sequence[Path], layout: str, owner: CacheOwner = NOBODY) -> None:
        """Takes verified libraries in, in place of what was there for the key, and drops what was used longest ago.

        What the owner has too much of, goes first.

        Raises:
            OSError: the disk has no room, or is not writable.
        """
        self._write(key, files, {"layout": layout, "refused": ""}, owner)
        self.evict(key, owner)

    def refuse(self, key: str, why: str, owner: CacheOwner = NOBODY) -> None:
        """Remembers that there will be no package for a key.

        Raises:
            OSError: as in `keep`.
        """
        self._write(key, (), {"layout": "", "refused": why}, owner)
        self.evict(key, owner)

    def discard(self, key: str) -> None:
        """Drops the package of a key, if there is one."""
        place = self.root / key
        with contextlib.suppress(OSError):
            gone = Path(tempfile.mkdtemp(prefix="gone-", dir=self.root))
            place.rename(gone / key)
        self.sweep()

    def sweep(self) -> None:
        """Removes what was dropped, and what compilations that were killed have left."""
        old = [path for path in self.root.glob("making-*") if _used_at(path) < time.time() - _LONGEST_MAKING_S]
        for gone in (*self.root.glob("gone-*"), *old):
            shutil.rmtree(gone, ignore_errors=True)

    @contextlib.contextmanager
    def workplace(self) -> Iterator[Path]:
        """A directory in the cache to compile in, removed afterwards."""
        made = Path(tempfile.mkdtemp(prefix="making-", dir=self.root))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def evict(self, spared: str, owner: CacheOwner = NOBODY) -> None:
        """Drops the packages that were used longest ago until the rest fits.

        Args:
            spared: the key of one that stays whatever its size.
            owner: whose packages must fit into what he may have, first.
        """
        places = self._packages()
        if owner.most_bytes:
            self._drop_oldest([place for place in places if _owner(place) == owner.digest], owner.most_bytes, spared)
        self._drop_oldest(places, self.most_bytes, spared)

    def _drop_oldest(self, places: Sequence[Path], most_bytes: int, spared: str) -> None:
        sizes = {place: _size(place) for place in places if place.exists()}
        total = sum(sizes.values())
        for place in sorted(sizes, key=_used_at):
            if total <= most_bytes:
                return
            if place.name != spared:
                total -= sizes[place]
                self.discard(place.name)

    def _packages(self) -> list[Path]:
        return [each for each in self.root.iterdir() if len(each.name) == _KEY_LENGTH]

    def _write(self, key: str, files: Sequence[Path], known: Mapping[str, object], owner: CacheOwner) -> None:
        with self.workplace() as workplace:
            made = workplace / key
            made.mkdir(mode=0o700)
            for file in files:
                shutil.copyfile(file, made / file.name)
                (made / file.name).chmod(0o600)
            digests = {file.name: _digest(made / file.name) for file in files}
            content = {
                "key": key,
                "files": digests,
                "compiler": compiler_version() or "",
                "owner": owner.digest,
                **known,
            }
            (made / _MANIFEST).write_text(json.dumps(content))
            (made / _MANIFEST).chmod(0o600)
            self.discard(key)
            with contextlib.suppress(FileExistsError):  # another process was faster
                made.rename(self.root / key)


class _Manifest(NamedTuple):
    """What a package says of itself: `files` are the digests of the libraries by name, `owner` is that of a name."""

    key: str
    files: dict[str, str]
    layout: str
    refused: str
    compiler: str
    owner: str


def _manifest(place: Path) -> _Manifest | None:
    """What a package says of itself; None if it says nothing that can be relied on."""
    path = place / _MANIFEST
    if not trusted(place, is_directory=True) or not trusted(path, is_directory=False):
        return None
    try:
        if path.stat().st_size > _MOST_MANIFEST:
            return None
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return _read(content)


def _read(content: object) -> _Manifest | None:
    if not isinstance(content, dict) or set(content) != set(_Manifest._fields):
        return None
    if not isinstance(content["files"], dict):
        return None
    manifest = _Manifest(**content)
    said = [manifest.key, manifest.layout, manifest.refused, manifest.compiler, manifest.owner]
    if not all(isinstance(text, str) for text in (*said, *manifest.files, *manifest.files.values())):
        return None
    return manifest if all(name == Path(name).name for name in manifest.files) else None


def _owner(place: Path) -> str:
    """Whose a package is, by digest; empty for nobody's."""
    manifest = _manifest(place)
    return manifest.owner if manifest else ""


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _size(place: Path) -> int:
    with contextlib.suppress(OSError):
        return max(_LEAST_SIZE, sum(file.stat().st_size for file in place.iterdir()))
    return 0


def _used_at(place: Path) -> float:
    with contextlib.suppress(OSError):
        return place.stat().st_mtime
    return 0.0
