"""What a client without a token raises: `python -m tests.compatibility.stranger ADDRESS` prints it."""

from __future__ import annotations

import sys

import gridgrad

if __name__ == "__main__":
    with gridgrad.Client(sys.argv[1]) as client:
        try:
            client.gradient("t*k", {"t": [1.0], "k": 2.0})
        except gridgrad.GridgradError as error:
            print(type(error).__name__, error)
