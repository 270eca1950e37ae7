"""docs/architecture.md and its kin name files, classes and functions: each of them exists, and is where they say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.layout import PACKAGES, ROOT

PAGE = ROOT / "docs" / "architecture.md"
TEXT = PAGE.read_text()
SHORT = {folder.name: folder / package for package, folder in PACKAGES.items()}
"""What the page calls `client/` and so on."""
NAME = re.compile(r"((?:[\w.]+/)+[\w.]*)(?:::([\w.]+))?")
"""`folder/`, `folder/file.py` or `folder/file.py::name`."""
MOST_FILES = 20


def place(path: str) -> Path:
    """Where a path leads that is written as the page does."""
    top, _, rest = path.partition("/")
    short = SHORT.get(top, ROOT / top) / rest
    return short if short.exists() else ROOT / path


def names() -> list[tuple[str, str]]:
    """The files and folders that the page names, with what is in them, or nothing; NAME in them is the reader's."""
    found = (NAME.fullmatch(code) for code in re.findall(r"`([^`\n]+)`", TEXT))
    return sorted({(match[1], match[2] or "") for match in found if match and "NAME" not in match[1]})


def defined(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """What a module or class defines, with its definition."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))


@cache
def definitions(path: Path) -> dict[str, ast.stmt]:
    """All that a file defines, members of classes as Class.member."""
    own = dict(defined(ast.parse(path.read_text()).body))
    classes = [(name, node) for name, node in own.items() if isinstance(node, ast.ClassDef)]
    return own | {f"{name}.{member}": found for name, node in classes for member, found in defined(node.body)}


@pytest.mark.parametrize(("path", "name"), names())
def test_every_name_is_where_the_page_says(path: str, name: str) -> None:
    found = place(path)
    assert found.exists(), f"{PAGE.name} names {path}, which is not there"
    if name:
        assert name in definitions(found), f"{PAGE.name} names {path}::{name}, which is not there"


def test_names_are_written_so_that_they_can_be_looked_up() -> None:
    spans = {code for code in re.findall(r"`([^`\n]+)`", TEXT) if re.search(r"\w/|::|\.py", code)}
    assert [code for code in spans if not NAME.fullmatch(code)] == []


def test_methods_named_without_a_file_exist() -> None:
    """Such as `Progress.sent`, once the page has said where the class is."""
    members = {name for path, _ in names() if path.endswith(".py") for name in definitions(place(path))}
    short = set(re.findall(r"`([A-Z][a-z]\w*\.\w+)`", TEXT))
    assert short
    assert short <= members


def test_one_request_is_followed_by_opening_few_files() -> None:
    bold = {code.partition("::")[0] for code in re.findall(r"\*\*`([^`]+)`\*\*", TEXT)}
    listed = set(re.findall(r"`([^`]+\.py)`", TEXT.partition("By process, the twenty are ")[2].partition("\n\n")[0]))
    assert bold == listed
    assert len(bold) <= MOST_FILES


def test_the_page_is_told_of_every_folder_that_its_diagram_shows() -> None:
    for folder in re.findall(r"\b(\w+)/ ", TEXT.partition("They meet as processes")[2].partition("Numbers are")[0]):
        assert any((package / folder).is_dir() for package in SHORT.values()), folder


SOURCES = [path.relative_to(ROOT).as_posix() for top in ("core", "client", "server", "worker", "examples", "protos")
           for path in (ROOT / top).rglob("*.*")]  # fmt: skip


@pytest.mark.parametrize("page", ["engine.md", "compiled.md", "language.md", "protocol.md"])
def test_the_files_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    named = set(re.findall(r"`([\w/]+\.(?:py|h|proto))`", text))
    assert not [name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in SOURCES)]
