"""Runs the code of README and docs: every block alone, against a real server.

A ```python block is run by an interpreter of its own, the `$ ` lines of a ```console block by the
shell; what they print is compared with the ```text block right after, or with the console block's
other lines, where `...` stands for anything. ```sh blocks are for people; their make targets exist.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.processes import serve

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
ADDRESS = "localhost:50051"


class Block(NamedTuple):
    """A block of code on a page."""

    page: Path
    line: int
    kind: str
    text: str
    output: str | None


def blocks(*kinds: str) -> list[Block]:
    """The blocks of these kinds on all pages."""
    return [block for page in PAGES for block in _blocks_of(page) if block.kind in kinds]


def _blocks_of(page: Path) -> Iterator[Block]:
    content = page.read_text()
    found = list(FENCE.finditer(content))
    for position, match in enumerate(found):
        after = found[position + 1] if position + 1 < len(found) else None
        follows = after and after[1] == "text" and not content[match.end() : after.start()].strip()
        line = content.count("\n", 0, match.start()) + 1
        yield Block(page, line, match[1], match[2], after[2] if after and follows else None)


def name(block: Block) -> str:
    return f"{block.page.name}:{block.line}"


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """What the blocks run in: a server, and the project's own scripts in PATH."""
    arguments = ["--listen", "127.0.0.1:0", "--functions", "examples.functions"]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    with serve("gridgrad_server", arguments) as server:
        yield {**os.environ, "GRIDGRAD_SERVER": server.address, "PATH": path, "PYTHONWARNINGS": "error"}


def run(command: list[str] | str, environment: dict[str, str], folder: Path) -> str:
    shell = isinstance(command, str)
    done = subprocess.run(
        command, shell=shell, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_prints(got: str, want: str) -> None:
    checker = doctest.OutputChecker()
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert checker.check_output(want, got, options), f"printed\n{got}\ninstead of\n{want}"


@pytest.mark.parametrize("block", blocks("python"), ids=name)
def test_python_runs_as_shown(block: Block, environment: dict[str, str], tmp_path: Path) -> None:
    code = block.text.replace(ADDRESS, environment["GRIDGRAD_SERVER"])
    got = run([sys.executable, "-c", code], environment, tmp_path)
    assert_prints(got, block.output or "")


@pytest.mark.parametrize("block", blocks("console"), ids=name)
def test_the_command_line_runs_as_shown(block: Block, environment: dict[str, str], tmp_path: Path) -> None:
    for session in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, want = session.partition("\n")
        assert_prints(run(command, environment, tmp_path), want)


@pytest.mark.parametrize("block", blocks("sh"), ids=name)
def test_make_targets_exist(block: Block) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"there is no make {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        assert (page.parent / target).exists(), f"{target} does not exist"


def test_every_block_says_what_it_is() -> None:
    kinds = {block.kind for page in PAGES for block in _blocks_of(page)}
    assert kinds <= {"python", "console", "sh", "text", "proto", "cpp"}
