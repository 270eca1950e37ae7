"""What the parts for other packages say where those are not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

USES = {
    "torch": "import gridgrad.torch",
    "jax": "import gridgrad.jax",
    "scipy": 'import gridgrad.scipy; gridgrad.scipy.interpolant(None, "t", {"t": [0, 1]})',
}


@pytest.mark.parametrize("extra", USES)
def test_the_error_names_the_extra(extra: str) -> None:
    # None in its place is what an import of a package meets that is not there
    code = (
        f"import sys, gridgrad\nsys.modules[{extra!r}] = None\n"
        f"try:\n    {USES[extra]}\nexcept gridgrad.MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{extra}: is not installed; pip install 'gridgrad[{extra}]'\n"
