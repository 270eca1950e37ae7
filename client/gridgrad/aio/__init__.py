"""The client for asyncio: `gridgrad.aio.Client` is `gridgrad.Client` with `await`."""

from __future__ import annotations

from gridgrad.aio.bound import BoundCall
from gridgrad.aio.client import Client

__all__ = ["BoundCall", "Client"]
