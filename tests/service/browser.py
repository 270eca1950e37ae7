"""A real Chromium for the tests of the explorer; they are skipped where there is none."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import browser
from benchmarks.harness.browser import find_chromium
from tests.service.harness import eventually

__all__ = ["Page", "chromium"]

REFUSED = re.compile(r"responded with a status of 40[01] ")
"""What the browser says of answers that the page shows as errors, or learns the names of inputs from."""


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser, or a skipped test."""
    pytest.importorskip("playwright.sync_api")
    if find_chromium() is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with browser.chromium() as started:
        yield started


class Page:
    """The explorer in a tab, which counts what it draws and keeps what goes wrong.

    Args:
        started: the browser that has the tab.
        url: of the server.
        link: the part behind #.
    """

    def __init__(self, started: Any, url: str, link: str = "", **options: Any) -> None:
        self.wrong: list[str] = []
        self.urls: list[str] = []
        self.bytes: dict[str, int] = {}
        self.context = started.new_context(viewport={"width": 1360, "height": 1000}, accept_downloads=True, **options)
        self.tab = self.context.new_page()
        self.tab.on("console", self._said)
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("requestfinished", self._finished)
        self.tab.add_init_script("window.drawn = 0; document.addEventListener('drawn', () => window.drawn++)")
        self.tab.goto(f"{url}{link}")

    def _said(self, said: Any) -> None:
        if said.type == "error" and not REFUSED.search(said.text):
            self.wrong.append(said.text)

    def _finished(self, request: Any) -> None:
        self.urls.append(request.url)
        self.bytes[request.url] = request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"]

    def run(self, code: str) -> Any:
        """Evaluates an expression in the page, as developer tools do."""
        return self.tab.evaluate(code)

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """Waits for a condition, while the page goes on."""

        def seen() -> Any:
            self.tab.wait_for_timeout(20)
            return look()

        return eventually(seen, what)

    def drawn(self) -> None:
        """Waits until something is drawn."""
        self.until(lambda: self.run("window.drawn"), "a plot")

    def drawn_after(self, act: Callable[[], Any]) -> None:
        """Waits until something is drawn anew after something was done."""
        before = self.run("window.drawn")
        act()
        self.until(lambda: self.run("window.drawn") > before, "another plot")

    def text(self, selector: str) -> str:
        """What an element says."""
        return str(self.tab.locator(selector).inner_text())

    def write(self, expression: str) -> None:
        """Writes another expression."""
        self.tab.locator("#expression").fill(expression)

    def read_out(self) -> dict[str, float]:
        """The numbers at the cursor, by their names."""
        words = self.text("#readout").replace("−", "-").split("\n")
        pairs = [word.rpartition(" = ") for word in "\n".join(words).replace("= \n", "= ").split("\n") if " = " in word]
        return {name.strip(): float(number) for name, _, number in pairs}

    def saved(self, button: str, folder: Path) -> Path:
        """The file that a button saves."""
        with self.tab.expect_download() as download:
            self.tab.locator(button).click()
        path: Path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def close(self) -> None:
        """Closes the tab; nothing is to have gone wrong."""
        self.context.close()
        assert self.wrong == []
