"""Served functions as differentiable operations of torch. Needs the extra `torch`."""

from __future__ import annotations

from gridgrad.frameworks.torch.torch_evaluate import evaluate

__all__ = ["evaluate"]
