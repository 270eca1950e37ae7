"""Recorded fluid files, and states of a supercritical fluid on 256 × 256; imports nothing of ours, for peers' sake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["WANTED", "axes_of", "recorded"]

SIDE = 256
WANTED = ("p", "cv", "cp", "w")
_SAMPLE = Path(__file__).parents[2] / "tests" / "client" / "fluids" / "sample.json"


def recorded(name: str) -> dict[str, Any]:
    """The file of a fluid and CoolProp's values at some states, as tests have them.

    Args:
        name: as its file has it.
    """
    (found,) = (each for each in json.loads(_SAMPLE.read_text()) if each["file"]["INFO"]["NAME"] == name)
    return dict(found)


def axes_of(file: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Temperatures in K above the critical one, where there is one phase, and densities from gas to compressed fluid.

    Args:
        file: of the fluid.
    """
    reducing = file["EOS"][0]["STATES"]["reducing"]
    return {
        "T": reducing["T"] * np.linspace(1.01, 1.8, SIDE),
        "rho": reducing["rhomolar"] * np.geomspace(1e-3, 1.8, SIDE),
    }
