"""Fits a small network to a law that only a served function knows: training differentiates through the service.

A sensor drops along a rod whose temperature at depth x and time t is served. Its path x(t) is not known: a network is
trained so that the temperature where it says the sensor was is the one that was measured. Each step makes one request,
for the temperatures and the partials that the gradient is made of.

    GRIDGRAD_SERVER=localhost:50051 python examples/torch_training.py
"""

from __future__ import annotations

import torch
from torch import nn

import gridgrad
from gridgrad.torch import evaluate

HEAT = "exp(-a*t)*cos(x)"
RATE = 0.3
STEPS = 400


def main() -> None:
    """Trains, and says how far the path that was learned is from the one that was taken."""
    torch.manual_seed(0)
    t = torch.linspace(0, 2, 40, dtype=torch.float64)
    taken = 0.2 + t**2 / 3
    with gridgrad.Client() as client:
        learned = train(client, t, temperature(client, t, taken))
    print(f"the path is off by {float((learned - taken).abs().max()):.3f} at most, of {float(taken.max()):.2f}")


def temperature(client: gridgrad.Client, t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """What the sensor reads at depths x and times t, both along one dim."""
    return evaluate(client, HEAT, {"t": t, "x": ("t", x), "a": RATE})


def train(client: gridgrad.Client, t: torch.Tensor, measured: torch.Tensor) -> torch.Tensor:
    """The depths that explain what was measured."""
    network = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1), nn.Softplus()).double()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = (temperature(client, t, network(t[:, None])[:, 0]) - measured).square().mean()
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.6f}")
    learned: torch.Tensor = network(t[:, None])[:, 0].detach()
    return learned


if __name__ == "__main__":
    main()
