"""The file that `gridgrad eval --output` writes: its suffix says of which kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    from gridgrad.results.result import Result

__all__ = ["check_folder", "check_output", "write_output"]

CSV_ROWS = 4096
"""Lines of a table that are made at a time."""


class Kind(NamedTuple):
    """A kind of file.

    Args:
        write: writes a result, and returns the names of what is in the file.
        needs: modules that writing takes, each with its extra.
    """

    write: Callable[[Result, str], list[str]]
    needs: tuple[tuple[str, str], ...] = ()


def check_output(path: str) -> None:
    """Looks whether a result can be written there, before it is computed.

    Raises:
        RequestError: the suffix is none of ours, the folder is not there, or the path is that of a folder.
        MissingExtraError: what writes such files is not installed.
    """
    file = Path(path)
    kind = KINDS.get(file.suffix.lower())
    if kind is None:
        raise RequestError("--output", f"{path!r}", f"name it by what to write: {', '.join(KINDS)}")
    check_folder(path)
    if file.is_dir() and file.suffix.lower() != ".zarr":
        raise RequestError("--output", f"{path!r} is a folder", "name a file")
    for module, extra in kind.needs:
        optional(module, extra)


def check_folder(path: str) -> None:
    """Looks whether the folder of a file is there.

    Raises:
        RequestError: it is not.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise RequestError("--output", f"there is no folder {str(folder)!r}", "make it, or name another")


def write_output(result: Result, path: str) -> list[str]:
    """Writes a result as the suffix says.

    Args:
        result: what to write.
        path: where; `check_output` has looked at it.

    Returns:
        The names of the arrays or columns in the file.

    Raises:
        RequestError: a variable would have the name of an input or dim.
        OSError: it can't be written.
    """
    return KINDS[Path(path).suffix.lower()].write(result, path)


def _npz(result: Result, path: str) -> list[str]:
    return result.to_npz(path)


def _netcdf(result: Result, path: str) -> list[str]:
    data = result.to_xarray()
    data.to_netcdf(path, engine="h5netcdf")
    return [str(name) for name in data.variables]


def _zarr(result: Result, path: str) -> list[str]:
    data = result.to_xarray()
    data.to_zarr(path, mode="w", consolidated=False)
    return [str(name) for name in data.variables]


def _csv(result: Result, path: str) -> list[str]:
    """A line for each point, after one with the names; each number with the digits that tell it from its neighbours."""
    import csv

    columns = result.to_dict(flat=True)
    rows = max(map(len, columns.values()))
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for start in range(0, rows, CSV_ROWS):
            part = [column[start : start + CSV_ROWS] for column in columns.values()]
            table.writerows(zip(*[map(str, each) for each in part], strict=True))
    return list(columns)


KINDS: Mapping[str, Kind] = {
    ".npz": Kind(_npz),
    ".nc": Kind(_netcdf, (("xarray", "netcdf"), ("h5netcdf", "netcdf"))),
    ".zarr": Kind(_zarr, (("xarray", "zarr"), ("zarr", "zarr"))),
    ".csv": Kind(_csv),
}
"""By suffix."""
