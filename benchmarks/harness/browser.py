"""A real Chromium, without a window."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

__all__ = ["chromium", "find_chromium"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium")
_FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader"]  # as root, and WebGL without a GPU


def find_chromium() -> str | None:
    """Where Chromium is on this machine."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser of Playwright's, until the block ends.

    Raises:
        FileNotFoundError: there is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    found = find_chromium()
    if found is None:
        raise FileNotFoundError("there is no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
