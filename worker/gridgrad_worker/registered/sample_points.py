"""The points at which a registered function is checked: its author's and what lies beside them, or drawn by its name.

Drawn points alone miss what happens at single points, such as the centre of sinc or a zero of a factor of cumprod. So
inputs without a range of their own take some special numbers too, one at a time beside drawn ones, and all at once,
where functions of several inputs have their ties.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.registered.registration import RegisteredInput, Registration

__all__ = ["sample_points"]

Array = NDArray[np.float64]

_DRAWN = 24
_SPECIAL = (0.0, 1.0, -1.0, 2.0, -2.0, 25.0, -25.0, 500.0, -500.0)
_LARGEST_TIED = 2.0  # products of many large numbers drown what is added to them
_BESIDE = 2.0**-10  # how far from an author's point, relative to it: within any domain that was meant


def sample_points(registered: Registration) -> Array:
    """The points at which a function is checked, [points, inputs]."""
    if registered.samples:
        return _beside(_listed(registered))
    random = np.random.default_rng(zlib.crc32(registered.name.encode()))
    columns = [_drawn(each, random) for each in registered.inputs]
    if not columns:
        return np.empty((1, 0))
    drawn = np.stack(columns, axis=-1)
    free = np.array([not each.default for each in registered.inputs])
    return np.concatenate([drawn, *_special(drawn[: len(_SPECIAL)], free)]) if free.any() else drawn


def _listed(registered: Registration) -> Array:
    listed = [registered.samples.get(i.name, (i.default or 0.0,)) for i in registered.inputs]
    return np.stack(np.broadcast_arrays(*map(np.array, listed)), axis=-1).astype(np.float64)


def _beside(points: Array) -> Array:
    """The points, and for each one nearby: a derivative that is 0 by mistake shows only where the right one is not."""
    largest = np.abs(points).max(axis=0)
    scale = np.where(points != 0, np.abs(points), np.where(largest > 0, largest, 1.0))
    return np.concatenate([points, points + _BESIDE * scale])


def _drawn(given: RegisteredInput, random: np.random.Generator) -> Array:
    """Points about the default, or some positive, some of both signs, some of any size."""
    if given.default:
        return given.default * random.uniform(0.5, 1.5, _DRAWN)
    if given.default is not None:
        return random.uniform(-1, 1, _DRAWN)
    half, quarter = _DRAWN // 2, _DRAWN // 4
    any_size = np.exp(random.uniform(np.log(0.1), np.log(100), quarter))
    return np.concatenate([random.uniform(0.25, 2, half), random.uniform(-2, 2, quarter), any_size])


def _special(drawn: Array, free: NDArray[np.bool_]) -> list[Array]:
    """Points with a special number for one of the inputs that are `free`, and with a small one for all of them."""
    special = np.array(_SPECIAL)[:, None]
    one_by_one = [np.where(np.arange(len(free)) == each, special, drawn) for each in np.flatnonzero(free)]
    tied = np.where(free, special, drawn)[np.abs(_SPECIAL) <= _LARGEST_TIED]
    return one_by_one if free.sum() == 1 else [*one_by_one, tied]
