"""Runs the code of README and docs: every block alone, against a real server.

A ```python block is run by an interpreter of its own, a ```js block by Node in the folder of its example, and the lines
of a ```console block that begin with a dollar sign by the shell. What they print is compared with the ```text block
right after, or with the console block's other lines, where `...` stands for anything. The server has the
formulas of ```toml blocks. ```r, ```matlab and ```octave blocks are run where there is such a program.

What is not run: ```sh blocks are for people, since they install and serve; what they name is there: make targets,
flags, extras, modules. ```text, ```proto and ```cpp are to be read.
"""

from __future__ import annotations

import ast
import doctest
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.harness.processes import serve
from gridgrad_server.config.settings import FLAGS
from tests.node import run_node

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
ADDRESS, HTTP = "localhost:50051", "localhost:8080"
PROGRAMS = {
    "r": ("Rscript", "{file}"),
    "matlab": ("matlab", "-batch", "run('{file}')"),
    "octave": ("octave-cli", "--norc", "--quiet", "{file}"),
}
"""How blocks of other languages are run."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FIGURES = re.compile(r"^\|[^|\n]*\|(?:[^|\n]*\d[^|\n]*\|)+$", re.MULTILINE)
"""The rows of a table that hold numbers."""


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
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the blocks run in: a server, and the project's own scripts in PATH."""
    formulas = tmp_path_factory.mktemp("formulas") / "page.toml"
    formulas.write_text("".join(block.text for block in blocks("toml")))
    functions = ("examples.functions", "examples.surrogate:Surrogate")
    arguments = ["--listen", "127.0.0.1:0", "--expressions", str(formulas)]
    arguments += [text for each in functions for text in ("--functions", each)]
    path, log = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])), formulas.with_suffix(".log")
    level = {"GRIDGRAD_LOG_LEVEL": "info"}
    with serve("gridgrad_server", [*arguments, "--http", "127.0.0.1:0"], environment=level, log=log) as server:
        http = re.search(r"http address=(\S+)", log.read_text())
        assert http
        said = {"GRIDGRAD_SERVER": server.address, "HTTP": http[1], "PATH": path, "PYTHONWARNINGS": "error"}
        yield {**os.environ, **said}


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
        assert_prints(run(command.replace(HTTP, environment["HTTP"]), environment, tmp_path), want)


@pytest.mark.parametrize("block", blocks("js"), ids=name)
def test_javascript_runs_as_shown(block: Block, environment: dict[str, str]) -> None:
    code = block.text.replace(ADDRESS, environment["GRIDGRAD_SERVER"]).replace(HTTP, environment["HTTP"])
    got = run_node(["--input-type=module", "--eval", code], has_packages=" from " in code)
    assert_prints(got, block.output or "")


@pytest.mark.parametrize("block", blocks(*PROGRAMS), ids=name)
def test_other_programs_print_what_is_shown(block: Block, environment: dict[str, str], tmp_path: Path) -> None:
    program, *flags = PROGRAMS[block.kind]
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    (tmp_path / "block").write_text(block.text.replace(HTTP, environment["HTTP"]))
    got = run([program, *(flag.format(file=tmp_path / "block") for flag in flags)], environment, tmp_path)
    assert_prints(got, block.output or "")


@pytest.mark.parametrize("block", blocks("sh"), ids=name)
def test_what_is_to_be_typed_is_there(block: Block) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"there is no make {target}"
    for flag in re.findall(
        r"--[a-z-]+", " ".join(re.findall(r"^gridgrad-server (?!token).*", block.text, re.MULTILINE))
    ):
        assert flag in {each.flag for each in FLAGS}, f"the server has no {flag}"
    for extra in re.findall(r"(?:gridgrad|'\.|\.whl\))\[([a-z,]+)\]", block.text):
        assert set(extra.split(",")) <= PROJECT["optional-dependencies"].keys(), f"there is no extra of {extra}"
    for module in re.findall(r"python -m ([a-z_.]+)", block.text):
        assert importlib.util.find_spec(module), f"there is no module {module}"
    for code in re.findall(r"^python - <<'CODE'\n(.*?)^CODE$", block.text, re.MULTILINE | re.DOTALL):
        ast.parse(code)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        assert (page.parent / target).exists(), f"{target} does not exist"


def test_every_block_says_what_it_is() -> None:
    kinds = {block.kind for page in PAGES for block in _blocks_of(page)}
    read = {"text", "proto", "cpp"}
    assert kinds <= {"python", "js", "console", "sh", "toml", *read, *PROGRAMS}


def test_figures_on_performance_are_those_of_the_benchmarks() -> None:
    taken = (ROOT / "README.md").read_text() + (ROOT / "benchmarks" / "RESULTS.md").read_text()
    rows = FIGURES.findall((ROOT / "docs" / "performance.md").read_text())
    assert len(rows) > 10
    assert not [row for row in rows if row not in taken]
