"""Blocks of a grid in a file as they are computed, so that what was broken off goes on with those that are missing.

Beside the file is a folder, FILE.partial, until all blocks are there: what is computed, and a mark for each block that
is complete. A Zarr store takes the blocks themselves, since its chunks are files of their own; a NetCDF file can't be
written by halves, so that its blocks are files in that folder, which are put into one at the end.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridgrad.frameworks.xarray.grid_blocks import BlockInputs, GridBlock
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import xarray

__all__ = ["BlockStore", "store_at"]

IDENTITY = "gridgrad_request"
"""The attribute that says by a digest what a file was computed from."""


class BlockStore(ABC):
    """A file that is written block by block.

    Args:
        path: of it.
        inputs: how it is cut.
        whole: all of it, lazily.
        identity: what it is computed from, as a digest.
    """

    def __init__(self, path: Path, inputs: BlockInputs, whole: xarray.Dataset, identity: str) -> None:
        self._path = path
        self._inputs = inputs
        self._whole = whole.assign_attrs({IDENTITY: identity})
        self._identity = identity
        self._partial = path.with_name(f"{path.name}.partial")

    def begin(self) -> bool:
        """Makes ready for blocks; whether any are missing.

        Raises:
            RequestError: the file holds something else.
        """
        noted = self._partial / "request"
        if self._partial.exists():
            if noted.read_text() != self._identity:
                self._refuse(self._partial)
            return True
        if self._path.exists():
            if self.open().attrs.get(IDENTITY) != self._identity:
                self._refuse(self._path)
            return False
        making = self._partial.with_name(f"{self._partial.name}.new")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        self._prepare()
        (making / noted.name).write_text(self._identity)
        making.rename(self._partial)
        return True

    def has(self, block: GridBlock) -> bool:
        """Whether a block is complete."""
        return self._mark(block).exists()

    def finish(self) -> xarray.Dataset:
        """Takes the folder away, as all blocks are there; gives all of them, lazily."""
        self._complete()
        shutil.rmtree(self._partial)
        return self.open()

    @abstractmethod
    def open(self) -> xarray.Dataset:
        """What the file holds, lazily."""

    @abstractmethod
    def put(self, block: GridBlock, part: xarray.Dataset) -> None:
        """Writes a block and marks it as complete."""

    @abstractmethod
    def _prepare(self) -> None:
        """Makes what takes the blocks."""

    @abstractmethod
    def _complete(self) -> None:
        """Makes the file of its blocks, where it is not there yet."""

    def _mark(self, block: GridBlock) -> Path:
        return self._partial / ".".join(map(str, block.number))

    def _refuse(self, path: Path) -> None:
        remedy = "remove it, or give another name"
        raise RequestError("to", f"{path} is of another function, grid or dataset, or of none", remedy)


class _Zarr(BlockStore):
    """A Zarr store."""

    def open(self) -> xarray.Dataset:
        found: xarray.Dataset = _xarray().open_zarr(self._path, consolidated=False)
        return found

    def put(self, block: GridBlock, part: xarray.Dataset) -> None:
        # What is all nan or zero is written too
        with optional("zarr", "zarr").config.set({"array.write_empty_chunks": True}):
            part.drop_vars(list(part.coords)).drop_attrs().to_zarr(
                self._path, region={str(dim): span for dim, span in block.region.items()}, consolidated=False
            )
        self._mark(block).touch()

    def _complete(self) -> None:
        pass

    def _prepare(self) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
        lengths = {dim: each[0] for dim, each in self._inputs.chunks.items()}
        encoding = {
            name: {"chunks": tuple(lengths.get(str(dim), size) for dim, size in array.sizes.items())}
            for name, array in self._whole.data_vars.items()
        }
        along = self._whole.coords.to_dataset()  # those by dask are computed now, in their own pieces
        along.to_zarr(self._path, mode="w", consolidated=False)
        self._whole.to_zarr(self._path, mode="a", compute=False, consolidated=False, encoding=encoding)


class _NetCDF(BlockStore):
    """A NetCDF file."""

    def open(self) -> xarray.Dataset:
        found: xarray.Dataset = _xarray().open_dataset(self._path, engine="h5netcdf", chunks={})
        return found

    def put(self, block: GridBlock, part: xarray.Dataset) -> None:
        mark = self._mark(block)
        written = mark.with_name(f"{mark.name}.new")
        part.drop_vars(list(part.coords)).to_netcdf(written, engine="h5netcdf")
        written.rename(mark)

    def _prepare(self) -> None:
        pass

    def _complete(self) -> None:
        blocks = {block.number: str(self._mark(block)) for block in self._inputs.blocks()}
        counts = [len(lengths) for lengths in self._inputs.chunks.values()]
        joined = _xarray().open_mfdataset(
            _nested(blocks, counts), combine="nested", concat_dim=list(self._inputs.chunks), engine="h5netcdf"
        )
        written = self._path.with_name(f"{self._path.name}.new")
        with joined:
            whole = joined.assign_coords(self._whole.coords).assign_attrs(self._whole.attrs)
            for name, array in self._whole.data_vars.items():
                whole[name].attrs = array.attrs
            whole.to_netcdf(written, engine="h5netcdf")
        written.rename(self._path)


def store_at(path: str | Path, inputs: BlockInputs, whole: xarray.Dataset, identity: str) -> BlockStore:
    """What writes to a file, by its suffix.

    Args:
        path: of it.
        inputs: how it is cut.
        whole: all of it, lazily.
        identity: what it is computed from, as a digest.

    Raises:
        MissingExtraError: the package for it is not installed.
        RequestError: it is of no such kind, or its folder is not there, or a store can't take such blocks.
    """
    path = Path(path)
    if path.suffix not in (".zarr", ".nc"):
        raise RequestError("to", f"{str(path)!r}", "name it .zarr or .nc")
    if not path.absolute().parent.is_dir():
        raise RequestError("to", f"there is no folder {str(path.parent)!r}", "make it, or name another")
    if path.suffix == ".nc":
        optional("h5netcdf", "netcdf")
        return _NetCDF(path, inputs, whole, identity)
    optional("zarr", "zarr")
    for dim, lengths in inputs.chunks.items():
        if len({*lengths[:-1], max(lengths)}) > 1:
            remedy = "give chunks= of one length, of which the last may be shorter, or write .nc"
            raise RequestError("chunks", f"blocks of {lengths} along {dim!r}", remedy)
    return _Zarr(path, inputs, whole, identity)


def _nested(blocks: dict[tuple[int, ...], str], counts: list[int], number: tuple[int, ...] = ()) -> Any:
    """Files in lists in lists, as deep as there are dims."""
    if len(number) == len(counts):
        return blocks[number]
    return [_nested(blocks, counts, (*number, place)) for place in range(counts[len(number)])]


def _xarray() -> Any:
    return optional("xarray", "xarray")
