"""Functions for the tests: some wait or kill their worker where a test tells them to.

None is checked, since many workers start with them, and checks would take each as long as torch does.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch._C import _functorch as functorch

from gridgrad_worker import function
from tests.service.harness import DEADLY, HOLD

NEVER_LONGER_S = 120.0
ORDER_1: dict[str, Any] = {"order": 1} if "order" in inspect.signature(function).parameters else {}
"""Nothing for servers of 0.1.0, which load these functions too."""

CONTROL = Path(os.environ["GRIDGRAD_TEST_CONTROL"])


def values(x: Tensor) -> Tensor:
    """All points that are computed together, under whatever torch.func has wrapped them in."""
    while functorch.is_functorch_wrapped_tensor(x):
        x = functorch.get_unwrapped(x)
    return x.detach().reshape(-1)


def append(file: str, words: Iterator[object]) -> None:
    with (CONTROL / file).open("a") as out:
        out.write("".join(f"{word}\n" for word in words))


@function(check=False)
def gate(x: Tensor) -> Tensor:
    """x², which waits while the test holds it and some x is over HOLD."""
    points = values(x)
    if bool((points > HOLD).any()):
        append("entered", iter([os.getpid()]))
        wait_at_the_gate()
    append("points", iter(points.tolist()[:1000]))
    return x * x


def gate_token() -> str:
    """Which closing of the gate holds; empty when it is open."""
    try:
        return (CONTROL / "closed").read_text()
    except FileNotFoundError:
        return ""


def wait_at_the_gate() -> None:
    """Returns when the gate is open, or when a test lets this computation pass."""
    give_up_at = time.monotonic() + NEVER_LONGER_S
    token = gate_token()
    while token and gate_token() == token and time.monotonic() < give_up_at:
        with contextlib.suppress(FileNotFoundError):
            (CONTROL / "pass").unlink()
            return
        time.sleep(0.005)


@function(check=False)
def deadly(x: Tensor) -> Tensor:
    """x³, which kills the worker when some x is under DEADLY."""
    if bool((values(x) < DEADLY).any()):
        append("deaths", iter([os.getpid()]))
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x * x


@function(check=False)
def leaves(x: Tensor) -> Tensor:
    """x⁴, which ends the worker in an orderly way when some x is under DEADLY."""
    if bool((values(x) < DEADLY).any()):
        append("deaths", iter([os.getpid()]))
        os._exit(0)
    return x * x * x * x


@function(check=False)
def fails(x: Tensor) -> Tensor:
    """sin x, which raises when some x is under DEADLY."""
    if bool((values(x) < DEADLY).any()):
        raise ArithmeticError("the furnace is out")
    return torch.sin(x)


@function(check=False)
def misshapen(x: Tensor) -> Tensor:
    """cos x, which has the wrong shape when some x is under DEADLY."""
    if bool((values(x) < DEADLY).any()):
        return torch.stack([x, x])
    return torch.cos(x)


@function(check=False)
def wrong_slope(x: Tensor) -> Tensor:
    """x·J₀(x), whose derivative torch has not."""
    result: Tensor = x * torch.special.bessel_j0(x)
    return result


@function(check=False)
def of_build(x: Tensor) -> Tensor:
    """Tells servers apart that have different numbers in their environment."""
    return x + float(os.environ.get("GRIDGRAD_TEST_BUILD", "0"))


@function(check=False, **ORDER_1)
def wide_network(x: Tensor, y: Tensor) -> Tensor:
    """A network of tanh of more operations than an expression may have."""
    places = torch.arange(48, dtype=x.dtype)
    hidden = torch.tanh(torch.outer(torch.sin(places), torch.ones(2, dtype=x.dtype)) @ torch.stack([x, y]))
    again = torch.tanh(torch.cos(torch.outer(places, places)) @ hidden / 7)
    return torch.dot(torch.cos(places), again)
