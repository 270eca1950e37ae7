"""Results as callers get them: a grid's value and derivatives with what can be made of them, and many as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.fields import Fields
from gridgrad.results.info import Info
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from gridgrad.arguments.derivatives import DerivativeLike
    from gridgrad.results.archive import FileLike

__all__ = ["Result", "with_integral_error"]


class Result(Fields):
    """A function and its derivatives on a grid.

    Attributes:
        value: the function itself, [*grid], or [components, *grid] for a tuple-valued function.
        d: the derivatives by their inputs' names, each of the value's shape.
        inputs: what it was computed on, in the dtype computed in; linspaces expanded.
        dims: the names of the grid's dims, in order.
        components: the names of the components; one for a function that is no tuple.
        tuple_valued: whether arrays have a leading component dim.
        info: how it was computed.
        function: what was computed: ("expression", its text) or ("registered", its name).
        request: what was asked, as a `Request`.
        slices: which part of the grid it is, a slice for each dim: all of it but for `Client.windows`.

    Arrays are read-only, unless the caller gave `out` or they come from `copy`. Every method with `wrt` makes a
    field from the partials that were asked for.
    """

    __slots__ = ("_remarked",)

    def __repr__(self) -> str:
        from gridgrad.results.display.notebook import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from gridgrad.results.display.notebook import as_html

        return as_html(self)

    @property
    def info(self) -> Info:
        """How it was computed."""
        if getattr(self, "_remarked", None) is None:
            from gridgrad.results.display.undefined import undefined_in_small

            info = super().info
            missing = self._without_value() if info.solves else 0
            self._remarked = info._replace(remarks=tuple(undefined_in_small(self)), not_converged=missing)
        return self._remarked

    def _without_value(self) -> int:
        """At how many points a component is nan."""
        import numpy as np

        missing = np.isnan(self.value)
        return int(np.count_nonzero(missing.any(0) if self.tuple_valued else missing))

    @property
    def remarks(self) -> tuple[str, ...]:
        """Where derivatives are nan though the value is finite, a sentence for each such derivative; mostly empty.

        There an infinite slope meets one that vanishes, as in cos(sqrt(x)) at 0, or the derivative has no limit.
        All arrays are looked at when this is asked for; `repr` and `info` tell it of up to 262,144 numbers in all.
        """
        from gridgrad.results.display.undefined import undefined_derivatives

        return tuple(undefined_derivatives(self))

    def to_xarray(self, name: str | Sequence[str] | None = None) -> xarray.Dataset:
        """A Dataset with the dims of the grid, without a copy of the numbers; needs the extra `xarray`.

        Inputs are its coordinates, scalars too. Variables are `f`, `df_dt`, `d2f_dt_dk`, `d2f_dt2`, ..., or begin
        with the name of each component. Attributes hold the function and how it was computed. `to_netcdf` and
        `to_zarr` of xarray write it.

        Args:
            name: instead of "f"; for a tuple the names of all its components.

        Returns:
            The Dataset, with read-only arrays unless the result's own are writable.

        Raises:
            RequestError: a variable would have the name of an input or dim.
            MissingExtraError: xarray is not installed.
        """
        from gridgrad.results import to_xarray

        return to_xarray.to_xarray(self, name)

    def to_dict(self, name: str | Sequence[str] | None = None, *, flat: bool = False) -> dict[str, FloatArray]:
        """Inputs, value and derivatives by the names that `to_xarray` gives them.

        Args:
            name: instead of "f"; for a tuple the names of all its components.
            flat: whether each array has one entry for each point of the grid, inputs too, as the columns of a
                table have: pandas.DataFrame(result.to_dict(flat=True)).

        Returns:
            Arrays [*grid] and the inputs as they are, or arrays [points].

        Raises:
            RequestError: a variable would have the name of an input or dim.
        """
        from gridgrad.results import to_xarray

        return to_xarray.to_dict(self, name, flat=flat)

    def to_npz(self, file: FileLike) -> list[str]:
        """Writes everything to a numpy archive, which `from_npz` reads back and numpy.load too.

        Args:
            file: the path, exactly so named, or a file open for writing bytes.

        Returns:
            The names of the arrays: "value", "d/t", "d/t,k" and those of the inputs.
        """
        from gridgrad.results import archive

        return archive.save(self, file)

    @staticmethod
    def from_npz(file: FileLike) -> Result:
        """Reads a result that `to_npz` or `gridgrad eval --output` wrote.

        Args:
            file: the path, or a file open for reading bytes.

        Returns:
            The result, with read-only arrays; its request asks for the same, without `out` and `tag`.

        Raises:
            RequestError: the file is no such archive.
            OSError: it can't be read.
        """
        from gridgrad.results import archive

        return Result(*archive.load(file))

    def plot(
        self,
        *,
        derivatives: Iterable[DerivativeLike] | None = None,
        at: Mapping[str, float] | None = None,
        figure: Figure | None = None,
    ) -> Figure:
        """Draws the value and the derivatives in one figure; needs the extra `plot`.

        One dim gives lines; two give heat maps, the first to the right and the second upward; three give slices
        through the first. Colours of derivatives diverge from zero; where a few values dwarf the others, the scale is
        logarithmic on both sides of it. What is not finite is marked and counted.

        Args:
            derivatives: those to draw beside the value; by default all.
            at: dims to leave out, each with the coordinate to fix it at; the nearest there is counts.
            figure: a figure to draw into, such as matplotlib.pyplot.figure(); by default a new one.

        Returns:
            The figure, which notebooks show; `savefig` writes it.

        Raises:
            RequestError: there are no dims, or more than three, or too many arrays.
            KeyError: a derivative was not asked for.
            MissingExtraError: matplotlib is not installed.
        """
        optional("matplotlib", "plot")
        from gridgrad.results.display.figure import plot

        return plot(self, derivatives=derivatives, at=at, figure=figure)


def with_integral_error(result: Result, other: Result) -> Result:
    """A result that tells how far it is off by its integrals.

    Args:
        result: as it was asked for.
        other: the same with another number of points for each integral.
    """
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        leading = 1 + result.tuple_valued
        here, there = (each._planes.reshape(*each._planes.shape[:leading], -1) for each in (result, other))
        apart = np.abs(np.subtract(here, there, dtype=float))
        apart[np.isnan(here) & np.isnan(there) | (here == there)] = 0.0
        apart[np.isnan(apart)] = np.inf
        largest = np.max(np.abs(here), -1, where=np.isfinite(here), initial=0.0)
        off = apart.max(-1, initial=0.0)
        error = np.max(np.divide(off, largest, out=np.where(off > 0, np.inf, 0.0), where=largest > 0))
    result._remarked = result.info._replace(integral_error=float(error))
    return result
