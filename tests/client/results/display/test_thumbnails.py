"""Thumbnails: PNGs by the letter of their specification, and curves."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad.results.display import thumbnails
from gridgrad.results.display.thumbnails import curve, heat_map

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


def test_a_heat_map_has_the_first_dim_to_the_right_and_marks_what_is_not_finite() -> None:
    pixels = pixels_of(heat_map(GRID, centred=False))
    assert pixels.shape == (2, 3, 3)
    assert pixels[1, 0].tolist() == colour(
        thumbnails.SEQUENTIAL.split()[0]
    )  # [0, 0], the least, lies at the bottom left
    assert pixels[0, 1].tolist() == colour(thumbnails.SEQUENTIAL.split()[-1])
    odd = [[row, column] for row, column in np.argwhere((pixels == colour(thumbnails.NOT_FINITE)).all(axis=-1))]
    assert odd == [[0, 0], [0, 2], [1, 1]]


def test_colours_of_a_derivative_diverge_from_zero() -> None:
    pixels = pixels_of(heat_map(np.array([[-1.0, 0.0, 4.0]]), centred=True))[::-1, 0]
    assert pixels[1].tolist() == colour(thumbnails.DIVERGING.split()[5])
    assert pixels[2].tolist() == colour(thumbnails.DIVERGING.split()[-1])
    assert pixels[0][2] > pixels[0][0]  # bluish


@pytest.mark.parametrize(
    "grid", [np.zeros((1, 1)), np.full((2, 3), np.nan), np.random.default_rng(1).normal(size=(500, 300))]
)
def test_heat_maps_stay_small(grid: NDArray[Any]) -> None:
    assert max(pixels_of(heat_map(grid, centred=True)).shape) <= thumbnails.SIDE


def test_a_curve_breaks_where_it_is_not_finite() -> None:
    drawn = curve(np.array([1.0, 2.0, np.nan, 4.0, 3.0]))
    assert drawn.count("<polyline") == 2
    assert drawn.count(f'stroke="#{thumbnails.NOT_FINITE}"') == 1
    assert "nan" not in drawn
    assert curve(np.array([np.inf])).count("<polyline") == 0
    assert len(curve(np.zeros(10**6))) < 10_000
