"""Served functions as differentiable operations of JAX. Needs the extra `jax`."""

from __future__ import annotations

from gridgrad.frameworks.jax.jax_evaluate import evaluate

__all__ = ["evaluate"]
