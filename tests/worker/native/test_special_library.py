"""The library of special functions: compiled once, kept, and of no other headers than stand here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gridgrad_worker.native import special_library as module
from gridgrad_worker.native.errors import NothingToCompileWithError
from gridgrad_worker.native.special_library import OBJECTS, SHARED, library_files
from gridgrad_worker.native.toolchain import find_compiler

PARTS = [f"{source.stem}.o" for source in module._SOURCES]
COUNT = len(PARTS) + 2
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files were made by a compiler that writes their names into them."""
    made: list[str] = []

    def run_all(commands: list[list[str]]) -> None:
        for command in commands:
            made.append(Path(command[-1]).name)
            Path(command[-1]).write_text(made[-1])

    monkeypatch.setattr(module, "run_all", run_all)
    monkeypatch.setattr(module, "find_compiler", lambda: "c++")
    return made


def test_it_is_compiled_once_and_then_found(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDGRAD_CACHE", str(tmp_path))
    for _ in range(2):
        with library_files() as files:
            assert files.shared.read_text() == SHARED
            assert files.objects.read_text() == OBJECTS
            assert files.shared.is_relative_to(tmp_path)
    assert compilations == [*PARTS, OBJECTS, SHARED]


def test_what_is_damaged_is_compiled_again(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDGRAD_CACHE", str(tmp_path))
    with library_files() as files:
        files.objects.write_text("something else")
    with library_files() as files:
        assert files.objects.read_text() == OBJECTS
    assert len(compilations) == 2 * COUNT


def test_for_another_processor_or_with_other_headers_there_is_another_one(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDGRAD_CACHE", str(tmp_path))
    found = set()
    for march, sources in (("x86-64", "a"), ("x86-64-v2", "a"), ("x86-64", "b")):
        monkeypatch.setenv("GRIDGRAD_MARCH", march)
        monkeypatch.setattr(module, "_sources", lambda sources=sources: sources)
        with library_files() as files:
            found.add(files.shared)
    assert len(found) == 3
    assert len(compilations) == 3 * COUNT


def test_where_nothing_can_be_kept_it_is_there_for_as_long_as_it_is_needed(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRIDGRAD_CACHE", str(tmp_path / "file"))
    with library_files() as files:
        assert files.shared.read_text() == SHARED
    assert not files.shared.exists()
    assert len(compilations) == COUNT


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "find_compiler", lambda: None)
    with pytest.raises(NothingToCompileWithError, match=r"there is no C\+\+ compiler; install g\+\+,"), library_files():
        pass


@needs_compiler
def test_the_headers_are_those_that_are_included() -> None:
    command = [str(find_compiler()), "-std=c++17", *module._FLAGS, f"-I{module._BOOST}", f"-I{module._XSF}", "-M"]
    sources = map(str, module._SOURCES)
    said = subprocess.run([*command, *sources], capture_output=True, text=True, check=True).stdout
    for folder, headers, licence in ((module._BOOST, "boost", "Boost Software"), (module._XSF, "xsf", "BSD 3-Clause")):
        included = {Path(word).resolve() for word in said.split() if word.startswith(str(folder))}
        assert included == {path for path in (folder / headers).rglob("*") if path.is_file()}
        assert f"{licence} License" in (folder / "LICENSE").read_text()
