"""Partials of expressions on lists of points, computed as the functional engine does: vmap of nested jacfwd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.torch_ops.evaluate import torch_function

__all__ = ["partials"]


def partials(
    text: str,
    points: Mapping[str, Sequence[float]],
    wrt: Sequence[str] = (),
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
) -> list[float]:
    """The derivative of an expression's last component by `wrt`, at each point."""
    names = list(points)
    program = torch_function(parse(text), names, dtype)

    def at_point(*arguments: torch.Tensor) -> torch.Tensor:
        return program(*arguments)[-1]

    function = at_point
    for name in reversed(wrt):
        function = torch.func.jacfwd(function, argnums=names.index(name))
    arguments = [torch.tensor(values, dtype=dtype, device=device) for values in points.values()]
    found = torch.func.vmap(function)(*arguments)
    assert found.dtype == dtype
    # torch may answer with a tensor of zeros without memory, which can only be copied
    return torch.empty(found.shape, dtype=dtype, device=device).copy_(found).tolist()
