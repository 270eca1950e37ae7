"""The error of what an operator gives to say who may call."""

from __future__ import annotations

__all__ = ["AccessError"]


class AccessError(ValueError):
    """A file that says who may call can't be used. The operator's fault; the message says what to do."""
