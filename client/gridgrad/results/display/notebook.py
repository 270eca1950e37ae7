"""How a result shows itself: as text, and in notebooks as HTML with thumbnails.

Neither looks at more than a bounded number of points, however large the result.
"""

from __future__ import annotations

import html

from gridgrad.results.components import ComponentGrid, component_grids
from gridgrad.results.display import thumbnails
from gridgrad.results.display.statistics import MOST_POINTS, Summary, summarize
from gridgrad.results.display.undefined import undefined_in_small
from gridgrad.results.labels import fraction, pretty, with_unit
from gridgrad.results.result_data import ResultData

__all__ = ["as_html", "as_text"]

MOST_TEXT = 120
MOST_SHOWN = 24
"""How many arrays are shown; a result may have hundreds."""
FIGURE = "display:inline-block;margin:4px 8px 4px 0;text-align:center;vertical-align:top;font-size:85%"
SMALL = "font-size:85%;opacity:0.75"


def as_text(result: ResultData) -> str:
    """A line about the grid, and one with the range of each array and what is not finite in it."""
    parts = list(component_grids(result))
    labels = [with_unit(fraction(part.component, part.wrt), part.unit) for part in parts[:MOST_SHOWN]]
    summaries = _summaries(parts[:MOST_SHOWN])
    ranges = [summary.range for summary in summaries]
    widths = max(map(len, labels)), max(map(len, ranges))
    lines = [
        f"  {label:{widths[0]}}  {extent:{widths[1]}}  {summary.oddities}".rstrip()
        for label, extent, summary in zip(labels, ranges, summaries, strict=True)
    ]
    remarks = [f"  {remark}" for remark in undefined_in_small(result)]
    return "\n".join([f"<Result {_grid(result)}; {_computed(result)}", *lines, *_rest(parts), *remarks]) + ">"


def as_html(result: ResultData) -> str:
    """The same with a thumbnail of each array: of three dims or more the middle of the leading ones."""
    parts = list(component_grids(result))
    shown = parts[:MOST_SHOWN]
    figures = "".join(_figure(part, summary) for part, summary in zip(shown, _summaries(shown), strict=True))
    _, text = result.function
    function = html.escape(text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]} …")
    small = html.escape("; ".join([_computed(result), *(line.strip() for line in _rest(parts)), *_slice(result)]))
    told = "".join(f'<div style="{SMALL}">{html.escape(remark)}</div>' for remark in undefined_in_small(result))
    return (
        f'<div><code>{function}</code><div>{html.escape(_grid(result))}</div><div style="{SMALL}">{small}</div>'
        f"{told}<div>{figures}</div></div>"
    )


def _summaries(parts: list[ComponentGrid]) -> list[Summary]:
    return [summarize(part.grid, MOST_POINTS // len(parts)) for part in parts]


def _grid(result: ResultData) -> str:
    lengths = zip(result.dims, result.shape, strict=True)
    grid = ", ".join(f"{dim}={length}" for dim, length in lengths) or "a single point"
    if result.reduced:
        grid += f", {next(iter(result.reduced.values()))} over {', '.join(result.reduced)}"
    components = f", components {', '.join(result.components)}" if result.tuple_valued else ""
    return f"{result.value.dtype.name} on {grid}{components}"


def _computed(result: ResultData) -> str:
    info = result.info
    engine = " ".join(part for part in (info.engine, info.tier) if part)
    return f"{engine} on {info.device}, {_time(info.compute_s)} computing, {_time(info.queue_s)} queued"


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def _rest(parts: list[ComponentGrid]) -> list[str]:
    return [f"  and {len(parts) - MOST_SHOWN} more arrays"] if len(parts) > MOST_SHOWN else []


def _slice(result: ResultData) -> list[str]:
    if len(result.dims) < 3:
        return []
    leading = zip(result.dims[:-2], result.shape[:-2], strict=True)
    return ["shown at " + ", ".join(f"{dim}[{length // 2}]" for dim, length in leading)]


def _figure(part: ComponentGrid, summary: Summary) -> str:
    told = "<br>".join(html.escape(text) for text in (summary.range, summary.oddities) if text)
    label = html.escape(with_unit(pretty(part.component, part.wrt), part.unit))
    return f'<figure style="{FIGURE}"><figcaption>{label}</figcaption>{_thumbnail(part)}<div>{told}</div></figure>'


def _thumbnail(part: ComponentGrid) -> str:
    grid = part.grid
    if not grid.ndim or not grid.size:
        return ""
    if grid.ndim == 1:
        return thumbnails.curve(grid)
    middle = grid[tuple(length // 2 for length in grid.shape[:-2])]
    image = thumbnails.heat_map(middle, centred=bool(part.wrt))
    return f'<img src="{image}" style="width:{thumbnails.SIDE}px;height:{thumbnails.SIDE}px;image-rendering:pixelated">'
