"""Rules of matrix products, of matrices that depend on the point too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gridgrad_worker.engines.layers.network import Network

from .networks import assert_close, by_torch, partials, traced

WEIGHTS = torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(2, 3).sin()
SQUARE = torch.linspace(0, 1, 9, dtype=torch.float64).reshape(3, 3).cos()


def features(x: Tensor, y: Tensor) -> Tensor:
    return torch.stack([x, y * y, x * y])


FUNCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mv": lambda x, y: (WEIGHTS @ features(x, y)).sum(),
    "vector by matrix": lambda x, y: (features(x, y) @ WEIGHTS.T)[1],
    "dot": lambda x, y: torch.dot(features(x, y), WEIGHTS[0]),
    "dot of two": lambda x, y: torch.dot(features(x, y), features(y, x)),
    "addmv": lambda x, y: torch.addmv(WEIGHTS[:, 0], WEIGHTS, features(x, y), beta=0.5, alpha=3.0)[1],
    "rows": lambda x, y: torch.stack([features(x, y), features(y, x)]).mm(SQUARE)[1, 0],
    "columns": lambda x, y: WEIGHTS.mm(torch.stack([features(x, y), features(y, x)], 1))[0, 1],
    "matrices": lambda x, y: torch.outer(features(x, y), features(y, x)).mm(torch.outer(features(y, y), SQUARE[0]))[
        1, 2
    ],
    "matrix and vector": lambda x, y: torch.outer(features(x, y), features(y, x)).mv(features(y, y))[1],
    "linear": lambda x, y: torch.nn.functional.linear(features(x, y)[None], WEIGHTS, WEIGHTS[:, 1])[0, 1],
    "bmm": lambda x, y: torch.bmm(torch.stack([SQUARE * x, SQUARE * y]), torch.stack([SQUARE, x * SQUARE]))[1, 2, 0],
    "bias that varies": lambda x, y: torch.addmm(features(y, x)[None], features(x, y)[None], SQUARE)[0, 1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_products_are_torch_s(name: str) -> None:
    function, wanted = FUNCTIONS[name], partials(2, 2)
    points = [torch.tensor([0.3, -1.2, 0.0], dtype=torch.float64), torch.tensor([1.1, 0.4, -2.0], dtype=torch.float64)]
    got = Network(traced(function, 2), wanted, torch.float64)(points)
    assert_close(got, by_torch(function, wanted, points), 1e-13, 1e-14)
