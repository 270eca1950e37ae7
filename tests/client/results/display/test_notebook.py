"""How results show themselves: ranges, counts, pictures, and that large ones cost no more."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from gridgrad.results.display.thumbnails import curve, heat_map
from tests.client.made_results import result_from

GRID = np.array([[1.0, np.nan], [-np.inf, 3.0], [2.0, np.nan]])


def test_the_text_has_a_line_for_each_array() -> None:
    grids: dict[tuple[str, ...], Any] = {(): [GRID, 2 * GRID], ("t",): 0}
    result = result_from("u, v", {"t": [1.0, 2.0, 3.0], "k": [1.0, 2.0]}, grids, ("u", "v"))
    assert repr(result).splitlines() == [
        "<Result float64 on t=3, k=2, components u, v; structured direct on cpu, 500 ms computing, 250 ms queued",
        "  u      1 to 3  2 nan, 1 inf",
        "  du/dt  0",
        "  v      2 to 6  2 nan, 1 inf",
        "  dv/dt  0>",
    ]
    many = result_from("f", {"x": [1.0]}, {("x",) * order: 0 for order in range(5)}, tuple(f"c{n}" for n in range(9)))
    assert repr(many).splitlines()[-1] == "  and 21 more arrays>"


@pytest.mark.parametrize("lengths", [(), (5,), (4, 3), (3, 4, 5), (0,)])
def test_html_is_well_formed_and_escapes(lengths: tuple[int, ...]) -> None:
    inputs: dict[str, Any] = {name: np.arange(float(n)) for name, n in zip("xyz", lengths, strict=False)}
    inputs = inputs or {"x": 1.0}
    shown = result_from("x < 1", inputs, {(): 1, ("x",): 2})._repr_html_()
    checker = Balanced()
    checker.feed(shown)
    assert checker.opened == []
    assert "∂f/∂x" in shown
    assert "<code>x &lt; 1</code>" in shown
    assert ("shown at x[1]" in shown) == (len(lengths) == 3)


class Balanced(HTMLParser):
    """Keeps the elements that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, _: Any) -> None:
        if tag not in ("br", "img"):
            self.opened.append(tag)

    def handle_startendtag(self, *_: Any) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def test_a_huge_result_is_shown_from_few_points() -> None:
    huge = np.broadcast_to(np.float64(0), (2, 1 << 20, 1 << 20))  # 16 TiB that are not there
    axis = np.arange(2048.0)
    large = result_from("t", {"t": axis, "k": axis}, {(): 0, ("t",): 0})
    assert "about 0" in repr(large)
    assert len(large._repr_html_()) < 20_000
    assert heat_map(huge[0], centred=False)


@pytest.mark.parametrize("size", [1.7e308, 5e-324, 1e-310, 1.0])
@pytest.mark.parametrize("values", [[-1, 1, 0, 0.5], [1, 1, 1, 1], [0, 0, 0, 1]])
def test_no_size_of_numbers_is_too_large_or_small_to_show(size: float, values: list[float]) -> None:
    grid = size * np.array(values).reshape(2, 2)
    result = result_from("f", {"x": [1.0, 2.0], "y": [1.0, 2.0]}, {(): grid, ("x",): grid})
    assert result._repr_html_().count("<img") == 2
    assert repr(result).count(" to ") == (2 if len(np.unique(grid)) > 1 else 0)
    assert curve(grid.ravel()).count("<polyline") == 1
