"""The explorer in Chromium: a slider that is dragged, and the first paint."""

from __future__ import annotations

import contextlib
import itertools
import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.harness.block import Block, Order, Run
from benchmarks.harness.browser import chromium

__all__ = ["drag", "paint"]

_WAVE = "#f=sin(a*x)*exp(-b*y**2)+%2Bx*y/10&.x=across,-5,5,0&.y=up,-3,3,0&.a=number,0,4,1.5&.b=number,0,2,0.5"
_DRAG = """async ([link, seconds]) => {
  const slider = document.querySelector("fieldset.number input[type=range]");
  const drawn = [];
  const note = ({ detail }) => drawn.push({ ...detail, at: performance.now() });
  document.addEventListener("drawn", note);
  const began = performance.now();
  let frames = 0;
  await new Promise((resolve) => {
    const step = () => {
      const passed = (performance.now() - began) / 1e3;
      frames++;
      if (passed > seconds) return resolve();
      slider.value = Math.round(500 + 450 * Math.sin(2 * passed));
      slider.dispatchEvent(new Event("input"));
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
  document.removeEventListener("drawn", note);
  return { drawn, frames, seconds: (performance.now() - began) / 1e3 };
}"""
_PREPARE = """async () => {
  const inputs = ["y", "x"].map((name) => ({ name, dims: [name] })).concat([{ name: "a" }, { name: "b" }]);
  const derivatives = [{ wrt: ["y"] }, { wrt: ["x"] }];
  const expression = document.querySelector("#expression").value;
  const body = JSON.stringify({ plan: { function: { expression }, inputs, derivatives } });
  const headers = { "content-type": "application/json" };
  await fetch("gridgrad.v1.GridGradientService/Prepare", { method: "POST", headers, body });
}"""
_FIRST = """async () => {
  while (!window.firstDrawn) await new Promise((resolve) => setTimeout(resolve, 5));
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const files = entries.filter(({ name, entryType }) => entryType === "navigation" || name.includes("/explorer/"));
  const bytes = files.reduce((sum, each) => sum + each.transferSize, 0);
  return { paint: paint.startTime, drawn: window.firstDrawn, bytes };
}"""
_NOTE = "document.addEventListener('drawn', () => (window.firstDrawn ||= performance.now()))"
_WHOLE, _COMPUTE, _DRAW = "answer ms", "compute ms", "draw ms"


@contextlib.contextmanager
def drag(address: str, http: str, seconds: float) -> Iterator[Run]:
    """A slider that is moved in every frame; each call is a frame that shows another grid.

    Args:
        address: of the server for gRPC.
        http: where it listens by HTTP.
        seconds: for which it is dragged.
    """
    del address
    with chromium() as browser:
        page = _opened(browser, http)
        page.evaluate(_PREPARE)

        def run(_: Order) -> Block:
            seen = page.evaluate(_DRAG, [_WAVE, seconds])
            drawn = seen["drawn"]
            gaps = [(b["at"] - a["at"]) / 1e3 for a, b in itertools.pairwise(drawn)]
            figures = {
                "frames/s": len(drawn) / seen["seconds"],
                "requested/s": seen["frames"] / seen["seconds"],
                _WHOLE: statistics.median(each["all"] for each in drawn),
                _COMPUTE: statistics.median(each["compute"] for each in drawn),
                _DRAW: statistics.median(each["draw"] for each in drawn),
            }
            return Block(gaps or [seen["seconds"]], seen["seconds"], figures)

        yield run


@contextlib.contextmanager
def paint(address: str, http: str) -> Iterator[Run]:
    """A tab that is opened, with nothing kept from before; each call is one to its first paint."""
    del address
    with chromium() as browser:

        def run(_: Order) -> Block:
            page = _opened(browser, http)
            seen = page.evaluate(_FIRST)
            page.context.close()
            figures = {"kB": seen["bytes"] / 1e3, "to the maps ms": seen["drawn"]}
            return Block([seen["paint"] / 1e3], seen["paint"] / 1e3, figures)

        yield run


def _opened(browser: Any, http: str) -> Any:
    page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
    page.add_init_script(_NOTE)
    page.goto(f"http://{http}/{_WAVE}")
    page.evaluate(_FIRST)
    return page
