"""Runs the long tests, and random ones with more examples of another seed: `python -m tests.long [SEED]`."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

from tests.seeds import VARIABLE

TESTS = "(long or random or hypothesis) and not gpu"


def main(given: str, arguments: list[str]) -> int:
    """Runs them.

    Args:
        given: the seed; drawn if it is empty.
        arguments: further ones for pytest.

    Returns:
        The exit status.
    """
    seed = given or str(secrets.randbelow(1 << 30))
    print(f"make test-long SEED={seed} draws the same again", flush=True)
    environment = {"HYPOTHESIS_PROFILE": "explore", **os.environ, VARIABLE: seed}
    command = [sys.executable, "-m", "pytest", "-m", TESTS, "--timeout=1500", f"--hypothesis-seed={seed}", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]))
