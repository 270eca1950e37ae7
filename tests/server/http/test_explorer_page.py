"""The explorer's files: what is served, by which policy, how much it is, and what its modules compute."""

from __future__ import annotations

import ast
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import gridgrad_server.http
from gridgrad_server.http.explorer_page import POLICY
from gridgrad_server.http.grids.json_request import read_json
from tests.node import run_node
from tests.server.calls import Serve
from tests.server.conftest import Serving
from tests.server.http.asking import ask
from tests.server.http.test_http_app import HTTP

PAGE = Path(gridgrad_server.http.__file__).parent / "page"
SERVED = (".html", ".css", ".js", ".svg")
VENDOR = PAGE / "vendor"
FIRST_BYTES, ALL_BYTES = 150_000, 500_000
MOST_LINES = 300
COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r"""(?:from|import)\s+["'](\.[^"']+)["']""")
shared = pytest.mark.asyncio(loop_scope="module")


def own() -> list[Path]:
    """The files that are written here."""
    return [path for path in sorted(PAGE.rglob("*")) if path.suffix in SERVED and VENDOR not in path.parents]


def imported(path: Path) -> set[Path]:
    return {(path.parent / name).resolve() for name in IMPORT.findall(COMMENT.sub("", path.read_text()))}


def reached(first: Path) -> set[Path]:
    """A module, and all that is loaded with it."""
    found, ahead = set[Path](), [first]
    while ahead:
        path = ahead.pop()
        if path not in found:
            found.add(path)
            ahead.extend(imported(path))
    return found


class Document(HTMLParser):
    """What a document loads, and what it has of its own that a policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.forbidden: list[str] = []
        self.ids: list[str] = []
        self.feed((PAGE / "index.html").read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.loaded += [value for name, value in attrs if name in ("src", "href") and value]
        self.forbidden += [f"{tag} {name}" for name in named if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in named):
            self.forbidden.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]


@shared
async def test_every_file_is_served_with_the_policy(serving: Serving) -> None:
    for path in [PAGE / "index.html", *own(), *VENDOR.rglob("*.js")]:
        name = "/" if path.name == "index.html" else f"/explorer/{path.relative_to(PAGE)}"
        answer = await ask(serving, "GET", name)
        assert (answer.status, answer.body) == (200, path.read_bytes()), name
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await ask(serving, "GET", name, None, {"if-none-match": answer.headers["etag"]})
        assert (again.status, again.body, again.headers["cache-control"]) == (304, b"", "no-cache")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (await ask(serving, "HEAD", "/")).body == b""


@shared
@pytest.mark.parametrize(
    "name", ["", "none.js", "package.json", "vendor/README.md", "../explorer_page.py", "%2e%2e/http_app.py", "vendor"]
)
async def test_nothing_else_is_served(serving: Serving, name: str) -> None:
    answer = await ask(serving, "GET", f"/explorer/{name}")
    assert (answer.status, answer.error["field"]) == (404, "path")
    assert (await ask(serving, "POST", "/", b"{}")).status == 405


async def test_the_page_is_public_where_calls_are_not(serve: Serve, tokens: Path) -> None:
    serving = await serve(auth_tokens=tokens, **HTTP)
    assert (await ask(serving, "GET", "/")).status == 200
    assert (await ask(serving, "GET", "/explorer/main.js")).status == 200
    assert (await ask(serving, "GET", "/", None, {"host": "evil.example"})).status == 403


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert not re.search(r"unsafe|https?:|\*", POLICY)
    document = Document()
    assert document.forbidden == []
    assert sorted(set(document.ids)) == sorted(document.ids)
    for path in own():
        text = COMMENT.sub("", path.read_text()).replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|\beval\(|new Function\(|innerHTML|setAttribute\(.style", text), path


def test_no_file_is_missing_and_none_left_over() -> None:
    loaded = {PAGE / name.removeprefix("explorer/") for name in Document().loaded}
    first = {path for name in loaded for path in (reached(name) if name.suffix == ".js" else {name})} | {
        PAGE / "index.html"
    }
    assert first == set(own())
    text = (PAGE / "view" / "vendor.js").read_text()
    later = {VENDOR / name for name in re.findall(r'"((?:uplot|d3-array|d3-contour)/[^"]+\.js)"', text)}
    later |= {VENDOR / "uplot" / "uPlot.min.css"}
    for name in re.findall(r'"((?:core|math|extras)/\w+)"', text):
        later |= reached(VENDOR / "ogl" / f"{name}.js")
    assert later == {path for path in VENDOR.rglob("*") if path.suffix in SERVED}
    assert sum(path.stat().st_size for path in first) < FIRST_BYTES
    assert sum(path.stat().st_size for path in first | later) < ALL_BYTES


def test_modules_are_small() -> None:
    assert {path.name: lines for path in own() if (lines := len(path.read_text().splitlines())) > MOST_LINES} == {}


def test_modules_compute_what_they_should_and_write_code_that_is_some(tmp_path: Path) -> None:
    np.save(tmp_path / "grid.npy", np.arange(240.0).reshape(2, 2, 3, 4, 5))
    script = Path(__file__).parent / "explorer_page.mjs"
    by_node = json.loads(run_node([str(script), str(PAGE), str(tmp_path / "grid.npy")], has_packages=False))
    tree = ast.parse(by_node["python"])
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert '\na = 2*x # "it\'s"\na*y\n' in texts
    words = shlex.split(by_node["curl"].replace("\\\n", " "))
    assert words[:3] == ["curl", "-s", "http://localhost:8080/v1/gradient"]
    assert json.loads(words[words.index("-d") + 1])["expression"] == 'a = 2*x # "it\'s"\na*y'
    for asked in by_node["links"]:
        assert read_json(json.dumps(asked).encode()).message.inputs
