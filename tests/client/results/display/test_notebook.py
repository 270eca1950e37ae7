"""How results show themselves: ranges, counts, pictures, and that large ones cost no more."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad.results.display import thumbnails as pictures
from gridgrad.results.display.statistics import sampled, summarize
from gridgrad.results.display.thumbnails import curve, heat_map
from tests.client.made_results import result_from

GRID = np.array([[1.0, np.nan], [-np.inf, 3.0], [2.0, np.nan]])


def pixels_of(uri: str) -> NDArray[np.uint8]:
    """Reads a PNG by the letter of its specification, checksums included."""
    raw = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert raw.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        kind, data = raw[at + 4 : at + 8], raw[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", raw, at + 8 + length)[0] == zlib.crc32(kind + data)
        chunks[kind], at = data, at + 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    columns, rows, *form = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert form == [8, 2, 0, 0, 0]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, 1 + 3 * columns)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(rows, columns, 3)


def colour(text: str) -> list[int]:
    return list(bytes.fromhex(text))


def test_a_summary_counts_what_is_not_finite() -> None:
    found = summarize(GRID)
    assert (found.low, found.high, found.nan, found.inf) == (1, 3, 2, 1)
    assert (found.range, found.oddities) == ("1 to 3", "2 nan, 1 inf")
    assert summarize(np.full(3, np.nan)).range == "nothing finite"
    assert summarize(np.zeros((0, 2))).range == "empty"
    assert summarize(np.full(3, 2.5)).range == "2.5"


def test_of_a_large_array_a_spread_sample_is_seen() -> None:
    large = np.broadcast_to(np.arange(1024.0), (512, 1024))
    found = summarize(np.ascontiguousarray(large), 10_000)
    assert found.seen <= 10_000
    assert found.range.startswith("about 0 to 10")
    assert len(np.unique(sampled(np.ascontiguousarray(large), 10_000))) > 1000
    odd = np.full((512, 1024), np.inf)
    assert re.fullmatch(r"[\d,]+ inf among [\d,]+ points", summarize(odd, 1000).oddities)


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


def test_a_heat_map_has_the_first_dim_to_the_right_and_marks_what_is_not_finite() -> None:
    pixels = pixels_of(heat_map(GRID, centred=False))
    assert pixels.shape == (2, 3, 3)
    assert pixels[1, 0].tolist() == colour(pictures.SEQUENTIAL.split()[0])  # [0, 0], the least, lies at the bottom left
    assert pixels[0, 1].tolist() == colour(pictures.SEQUENTIAL.split()[-1])
    odd = [[row, column] for row, column in np.argwhere((pixels == colour(pictures.NOT_FINITE)).all(axis=-1))]
    assert odd == [[0, 0], [0, 2], [1, 1]]


def test_colours_of_a_derivative_diverge_from_zero() -> None:
    pixels = pixels_of(heat_map(np.array([[-1.0, 0.0, 4.0]]), centred=True))[::-1, 0]
    assert pixels[1].tolist() == colour(pictures.DIVERGING.split()[5])
    assert pixels[2].tolist() == colour(pictures.DIVERGING.split()[-1])
    assert pixels[0][2] > pixels[0][0]  # bluish


@pytest.mark.parametrize(
    "grid", [np.zeros((1, 1)), np.full((2, 3), np.nan), np.random.default_rng(1).normal(size=(500, 300))]
)
def test_pictures_stay_small(grid: NDArray[Any]) -> None:
    assert max(pixels_of(heat_map(grid, centred=True)).shape) <= pictures.SIDE


def test_a_curve_breaks_where_it_is_not_finite() -> None:
    drawn = curve(np.array([1.0, 2.0, np.nan, 4.0, 3.0]))
    assert drawn.count("<polyline") == 2
    assert drawn.count(f'stroke="#{pictures.NOT_FINITE}"') == 1
    assert "nan" not in drawn
    assert curve(np.array([np.inf])).count("<polyline") == 0
    assert len(curve(np.zeros(10**6))) < 10_000


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
