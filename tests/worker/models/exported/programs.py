"""Exported programs that tests load, whole or changed in one place."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

Change = Callable[[str, bytes], bytes | None]


class Surrogate(nn.Module):
    """A network of many kinds of layers: of points [points, 2] and times [points]; two results."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first, self.norm, self.attention = nn.Linear(2, 4), nn.LayerNorm(4), nn.MultiheadAttention(4, 2)
        self.batch = nn.BatchNorm1d(4)
        self.shape = nn.Sequential(
            *(nn.Tanh(), nn.GELU(), nn.GELU(approximate="tanh"), nn.SiLU(), nn.Mish(), nn.Softplus(), nn.Dropout(0.5))
        )

    def forward(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """What the layers make of a batch."""
        h = self.batch(self.shape(self.norm(self.first(x))))
        one = h[None]  # the points are the batch, of sequences of one
        h = h + self.attention(one, one, one, need_weights=False)[0][0]
        waves = torch.where(t[:, None] > -9, torch.sin(torch.arange(4) * t[:, None]), 0.3)
        u, v = (h + waves).chunk(2, 1)
        scale = torch.full((x.shape[0],), 0.1) * torch.tensor([2.0, 3.0]).sum()
        return torch.einsum("bi,bi->b", u, v), scale * torch.clamp(h.view(x.shape[0], -1), max=0.1).sum(1)


def exported(module: nn.Module, *tensors: Tensor, extra: Mapping[str, str] | None = None) -> bytes:
    """The file of a module, exported with batches of any size."""
    points = torch.export.Dim("points")
    shapes = tuple({0: points} for _ in tensors)
    program = torch.export.export(module.eval(), tensors, dynamic_shapes=shapes)
    file = io.BytesIO()
    torch.export.save(program, file, extra_files=dict(extra or {}))
    return file.getvalue()


def changed(data: bytes, change: Change, compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive whose members went through `change`; None leaves one out."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", compression) as new:
        for name in old.namelist():
            member = change(name, old.read(name))
            if member is not None:
                new.writestr(name, member)
    return file.getvalue()


def rewritten(data: bytes, suffix: str, rewrite: Callable[[Any], None]) -> bytes:
    """An archive whose JSON of some name went through `rewrite`."""

    def change(name: str, member: bytes) -> bytes:
        if not name.endswith(suffix):
            return member
        content = json.loads(member)
        rewrite(content)
        return json.dumps(content).encode()

    return changed(data, change)
