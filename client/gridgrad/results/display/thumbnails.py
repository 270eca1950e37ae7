"""Thumbnails of grids, made with numpy and zlib alone: heat maps as PNG, curves as SVG."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.display.scales import value_range

__all__ = ["DIVERGING", "NOT_FINITE", "SEQUENTIAL", "curve", "heat_map"]

# matplotlib's viridis and ColorBrewer's RdBu, at even steps
SEQUENTIAL = "440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725"
DIVERGING = "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"
NOT_FINITE = "ff00c8"

SIDE = 96
"""Pixels of a heat map along each side, and the width of a curve."""
HEIGHT = 60
"""Pixels of a curve."""
_Image = NDArray[np.uint8]


def heat_map(grid: FloatArray, *, centred: bool) -> str:
    """A heat map of a grid of two dims, the first to the right and the second upward.

    Args:
        grid: [n, m], neither 0.
        centred: whether colours diverge from white at zero, as for a derivative.

    Returns:
        A data URI of a PNG.
    """
    seen = grid[np.ix_(*(_spread(length, SIDE) for length in grid.shape))].T[::-1]
    pixels = _coloured(_placed(seen, centred=centred), DIVERGING if centred else SEQUENTIAL)
    pixels[~np.isfinite(seen)] = _rgb(NOT_FINITE)
    return f"data:image/png;base64,{base64.b64encode(_png(pixels)).decode()}"


def curve(values: FloatArray) -> str:
    """A curve of values along one dim, broken where they are not finite.

    Args:
        values: [n], n not 0.

    Returns:
        An SVG element.
    """
    seen = values[_spread(values.size, 2 * SIDE)]
    finite = np.isfinite(seen)
    across = np.linspace(2, SIDE - 2, seen.size) if seen.size > 1 else np.array([SIDE / 2])
    down = 2 + (HEIGHT - 4) * (1 - _placed(seen, centred=False))
    runs = np.split(np.arange(seen.size), np.flatnonzero(np.diff(finite)) + 1)
    lines = "".join(_polyline(across[run], down[run]) for run in runs if finite[run[0]])
    odd = "".join(f'<path d="M{x:.1f} 0v{HEIGHT}" stroke="#{NOT_FINITE}"/>' for x in across[~finite])
    return f'<svg width="{SIDE}" height="{HEIGHT}" viewBox="0 0 {SIDE} {HEIGHT}" fill="none">{odd}{lines}</svg>'


def _polyline(across: FloatArray, down: FloatArray) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
    return f'<polyline points="{points}" stroke="#{SEQUENTIAL.split()[3]}" stroke-width="1.5" stroke-linecap="round"/>'


def _spread(length: int, most: int) -> NDArray[np.intp]:
    return np.linspace(0, length - 1, min(length, most)).round().astype(np.intp)


def _placed(seen: FloatArray, *, centred: bool) -> FloatArray:
    """Each value's place from 0 to 1 between the limits; 0 for what is not finite."""
    low, high, linear_to, _ = value_range(seen, centred=centred)
    ends_and_values = np.concatenate([[low, high], np.where(np.isfinite(seen), seen, low).ravel()])
    ends_and_values /= linear_to or max(abs(low), abs(high))  # so that no difference overflows
    if linear_to is not None:
        ends_and_values = np.arcsinh(ends_and_values)
    place: FloatArray = np.clip((ends_and_values[2:] - ends_and_values[0]) / np.ptp(ends_and_values[:2]), 0, 1)
    return place.reshape(seen.shape)


def _coloured(place: FloatArray, colours: str) -> _Image:
    """Pixels [rows, columns, 3] for places from 0 to 1 on a scale of colours."""
    stops = np.array([_rgb(colour) for colour in colours.split()], "f8")
    at = place * (len(stops) - 1)
    channels = [np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _rgb(colour: str) -> Sequence[int]:
    return tuple(bytes.fromhex(colour))


def _png(pixels: _Image) -> bytes:
    """See https://www.w3.org/TR/png/: eight bits for each of three channels, rows without a filter."""
    rows, columns, _ = pixels.shape
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
