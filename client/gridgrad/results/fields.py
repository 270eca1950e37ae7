"""Fields made from the partials of a result: norms, Laplacians, matrices, divergence and curl.

Everywhere the inputs in `wrt` count as Cartesian coordinates. Nothing here differentiates: it arranges and
adds exact partials, and says which to ask for when one is missing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.labels import spelling
from gridgrad.results.result_data import ResultData
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Derivative

__all__ = ["Fields"]


class Fields(ResultData):
    """What a `Result` makes from its partials.

    `wrt` names the inputs, in order; by default those that are no numbers. Arrays are new and writable, in the
    dtype of the result.
    """

    __slots__ = ()

    def gradient_norm(self, wrt: str | Iterable[str] | None = None) -> FloatArray:
        """The length of the gradient, √Σ(∂f/∂x)², without overflow on the way.

        Args:
            wrt: the inputs; needs the first partial by each.

        Returns:
            [*grid], or [components, *grid] with the norm of each component's gradient.

        Raises:
            RequestError: a partial was not asked for; says which to ask for.
        """
        parts = self._partials("gradient_norm", [(name,) for name in self._variables(wrt)])
        return np.asarray(functools.reduce(np.hypot, parts, np.zeros_like(parts[0])))

    def laplacian(self, wrt: str | Iterable[str] | None = None) -> FloatArray:
        """The Laplacian Σ∂²f/∂x².

        Args:
            wrt: the inputs; needs the second partial by each.

        Returns:
            [*grid], or [components, *grid] with the Laplacian of each component.

        Raises:
            RequestError: a partial was not asked for; says which to ask for.
        """
        return _sum(self._partials("laplacian", [(name, name) for name in self._variables(wrt)]))

    def jacobian(self, wrt: str | Iterable[str] | None = None) -> FloatArray:
        """The matrix of first partials at each point: a row for each component, a column for each input.

        Args:
            wrt: the n inputs; needs the first partial by each.

        Returns:
            [*grid, m, n] for m components; m is 1 for a function that is no tuple.

        Raises:
            RequestError: a partial was not asked for; says which to ask for.
        """
        columns = np.stack(self._partials("jacobian", [(name,) for name in self._variables(wrt)]), axis=-1)
        return np.moveaxis(columns, 0, -2) if self.tuple_valued else columns[..., None, :]

    def hessian(self, wrt: str | Iterable[str] | None = None) -> FloatArray:
        """The symmetric matrix of second partials at each point.

        Args:
            wrt: the n inputs; needs the second partials by all pairs of them.

        Returns:
            [*grid, n, n], or [components, *grid, n, n] with the Hessian of each component.

        Raises:
            RequestError: a partial was not asked for; says which to ask for.
        """
        names = self._variables(wrt)
        flat = np.stack(self._partials("hessian", [(row, column) for row in names for column in names]), axis=-1)
        return flat.reshape(*flat.shape[:-1], len(names), len(names))

    def divergence(self, wrt: str | Iterable[str] | None = None) -> FloatArray:
        """The divergence Σ∂uᵢ/∂xᵢ of a function with as many components as there are inputs.

        Args:
            wrt: the inputs, in the order of the components; needs the first partial by each.

        Returns:
            [*grid].

        Raises:
            RequestError: a partial was not asked for, or components and inputs differ in number.
        """
        names = self._coordinates("divergence", wrt)
        parts = self._partials("divergence", [(name,) for name in names])
        return _sum([part[number] for number, part in enumerate(parts)])

    def curl(self, wrt: str | Iterable[str] | None = None) -> FloatArray:
        """The curl of a function with three components of three inputs, or with two of two.

        Args:
            wrt: the inputs, in the order of the components; needs the first partial by each.

        Returns:
            [3, *grid]; of two components (u, v) the scalar ∂v/∂x - ∂u/∂y as [*grid].

        Raises:
            RequestError: a partial was not asked for, or there are not two or three components and inputs.
        """
        names = self._coordinates("curl", wrt)
        if len(names) not in (2, 3):
            raise RequestError("curl", f"{len(names)} components", "curl is of two or three components")
        parts = self._partials("curl", [(name,) for name in names])
        planes = [(0, 1)] if len(names) == 2 else [(1, 2), (2, 0), (0, 1)]
        turns = [np.asarray(parts[x][y] - parts[y][x]) for x, y in planes]
        return turns[0] if len(turns) == 1 else np.stack(turns)

    def _variables(self, wrt: str | Iterable[str] | None) -> Sequence[str]:
        inputs = self.inputs
        if wrt is None:
            names = tuple(name for name, dims in self.input_dims.items() if dims and set(dims) <= set(self.dims))
        else:
            names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        for name in names:
            if name not in inputs:
                raise RequestError("wrt", f"{name!r}, which is no input", f"use one of {', '.join(inputs) or '(none)'}")
            if not set(self.input_dims[name]) <= set(self.dims):
                raise RequestError("wrt", f"{name!r}, an array of coefficients", "name inputs on the grid")
        if not names:
            found = "every input is a number" if inputs else "there are no inputs"
            raise RequestError("wrt", found, "name what to differentiate by: wrt=[...]")
        return names

    def _coordinates(self, field: str, wrt: str | Iterable[str] | None) -> Sequence[str]:
        names, count = self._variables(wrt), len(self.components)
        if not self.tuple_valued:
            raise RequestError(field, "a function of one component", "it is of a tuple such as u, v")
        if len(names) != count:
            found = f"{count} components ({', '.join(self.components)}) and {len(names)} inputs ({', '.join(names)})"
            raise RequestError(field, found, f"name {count} inputs, in the order of the components: wrt=[...]")
        return names

    def _partials(self, field: str, needed: Sequence[Derivative]) -> list[FloatArray]:
        missing = [derivative for derivative in needed if derivative not in self.d]
        if missing:
            raise _missing(field, needed, missing)
        return [self.d[derivative] for derivative in needed]


def _missing(field: str, needed: Sequence[Derivative], missing: Sequence[Derivative]) -> RequestError:
    """The error that names each partial once, whatever the order of its inputs."""
    once = {tuple(sorted(derivative)): spelling(derivative) for derivative in reversed(needed)}
    lacking = [once[key] for key in {tuple(sorted(derivative)): None for derivative in missing}]
    found = f"{', '.join(lacking)} {'was' if len(lacking) == 1 else 'were'} not asked for"
    listed = ", ".join(reversed(once.values()))
    inputs = list(dict.fromkeys(name for derivative in needed for name in derivative))
    return RequestError(
        field, found, f"ask for derivatives=[{listed}], or for order={len(needed[0])} with wrt={inputs!r}"
    )


def _sum(parts: Sequence[FloatArray]) -> FloatArray:
    return np.asarray(functools.reduce(np.add, parts[1:], parts[0].copy()))
