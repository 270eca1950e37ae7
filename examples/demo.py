"""Starts a server with one CPU worker, computes two grids through the client, and stops it.

make demo
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import gridgrad

LINE = 100
"""How many characters of a line tables may fill."""

BILINEAR = "t*k + 2*t*k**2"
HIMMELBLAU = "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"
BLACK_SCHOLES = """
    d1 = (log(S/strike) + (r + 0.5*sigma**2)*T) / (sigma*sqrt(T))
    d2 = d1 - sigma*sqrt(T)
    S*norm_cdf(d1) - strike*exp(-r*T)*norm_cdf(d2)
"""


def main() -> None:
    """Runs the demo."""
    started_at = time.perf_counter()
    with local_server() as address, gridgrad.Client(address) as client:
        took_s = time.perf_counter() - started_at
        print(f"A server with one CPU worker serves on {address}, {took_s:.1f} s after its start.")
        show_bilinear(client)
        show_the_dense_jacobian(client)
        show_black_scholes(client)
    print("\nThe server has stopped.")


@contextlib.contextmanager
def local_server() -> Iterator[str]:
    """Serves on a free port until the block ends, and gives the address."""
    with tempfile.TemporaryDirectory(prefix="gridgrad-demo-") as folder:
        file = Path(folder) / "address"
        flags = ["--listen", "127.0.0.1:0", "--device", "cpu", "--workers", "1", "--log-level", "warning"]
        with subprocess.Popen([sys.executable, "-m", "gridgrad_server", *flags, "--address-file", str(file)]) as server:
            try:
                while not file.exists():  # it appears, whole, when the worker is warm
                    if server.poll() is not None:
                        raise SystemExit("The server did not start; its messages above say why.")
                    time.sleep(0.05)
                yield file.read_text().split()[0]
            finally:
                server.terminate()


def show_bilinear(client: gridgrad.Client) -> None:
    """The example of the README."""
    inputs = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
    result, took = timed(client, BILINEAR, inputs)
    heading(f"f(t, k) = {BILINEAR}", took)
    table("t", "k", result, {"f": result.value, "df/dt": result.d["t"], "df/dk": result.d["k"]})


def show_the_dense_jacobian(client: gridgrad.Client) -> None:
    """What is exact beside what filtering a dense Jacobian leaves of it."""
    x, y = np.array([2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0])
    result, took = timed(client, HIMMELBLAU, {"x": x, "y": y})
    heading(f"Himmelblau's f(x, y) = {HIMMELBLAU}", took)
    table("x", "y", result, {"f": result.value, "df/dx": result.d["x"], "df/dy": result.d["y"]})

    X, Y = (grid.flatten() for grid in torch.meshgrid(torch.tensor(x), torch.tensor(y), indexing="ij"))
    started_at = time.perf_counter()
    jacobian = torch.autograd.functional.jacobian
    J = jacobian(lambda x: (x**2 + Y - 11) ** 2 + (x + Y**2 - 7) ** 2, X)  # type: ignore[no-untyped-call] # torch's
    kept = J[J > 0]
    took_ms = 1e3 * (time.perf_counter() - started_at)
    print(f"\nThe usual snippet, J = jacobian(f, x); J[J > 0]   [{took_ms:.1f} ms]")
    print(
        f"  J is {J.shape[0]}x{J.shape[1]} for {X.numel()} points. J[J > 0] keeps {kept.numel()} of {X.numel()} df/dx:"
    )
    print(f"  {kept.tolist()}")
    print("  The zero at (3, 2), the minimum, and all negative ones are gone, and so is which point is which.")


def show_black_scholes(client: gridgrad.Client) -> None:
    """The price of a call and its Greeks on 256 x 256 spots and volatilities."""
    inputs = {
        "S": gridgrad.linspace(50, 150, 256),
        "sigma": gridgrad.linspace(0.05, 0.8, 256),
        "strike": 100.0,
        "r": 0.03,
        "T": 0.5,
    }
    result, took = timed(client, BLACK_SCHOLES, inputs, order=2)
    heading("Black-Scholes, a call at strike 100 on 256x256 spots and volatilities, all partials to order 2", took)
    greeks = {"price": result.value, "delta": result.d["S"], "vega": result.d["sigma"], "gamma": result.d["S", "S"]}
    table("S", "sigma", result, greeks, every=85)


def timed(
    client: gridgrad.Client, function: str, inputs: Mapping[str, object], order: int = 1
) -> tuple[gridgrad.Result, str]:
    """The result, and how long the first and the quickest of some later calls took."""
    took = []
    for _ in range(5):
        started_at = time.perf_counter()
        result = client.gradient(function, inputs, order=order)
        took.append((1e3 * (time.perf_counter() - started_at), 1e3 * result.info.compute_s))
    first, (later, computing) = took[0][0], min(took[1:])
    return result, f"{later:.1f} ms, of which computing {computing:.1f}; the first call {first:.1f}"


def heading(text: str, timing: str) -> None:
    """Prints what follows and how long it took."""
    print(f"\n{text}   [{timing}]")


def table(
    down: str, across: str, result: gridgrad.Result, grids: dict[str, NDArray[np.floating]], every: int = 1
) -> None:
    """Prints grids side by side, the first dim down and the second across."""
    rows, columns = result.inputs[down][::every], result.inputs[across][::every]
    heads = [f"{across}={value:<.3g}" for value in columns]
    width = 1 + max(9, *map(len, heads))
    abreast = max(1, LINE // (width * len(heads)))
    named = list(grids.items())
    for first in range(0, len(named), abreast):
        shown = named[first : first + abreast]
        print("\n" + " " * 12 + " |".join(f"{name:^{width * len(heads)}}" for name, _ in shown).rstrip())
        print(" " * 12 + " |".join([row(heads, width)] * len(shown)))
        for number, value in enumerate(rows):
            cells = [row([f"{cell:.4g}" for cell in grid[::every, ::every][number]], width) for _, grid in shown]
            print(f"{down}={value:<.4g}".rjust(12) + " |".join(cells))


def row(cells: Sequence[str], width: int) -> str:
    """Cells side by side."""
    return "".join(cell.rjust(width) for cell in cells)


if __name__ == "__main__":
    main()
