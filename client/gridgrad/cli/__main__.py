"""`python -m gridgrad.cli`: the command `gridgrad`."""

from __future__ import annotations

import sys

from gridgrad.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
