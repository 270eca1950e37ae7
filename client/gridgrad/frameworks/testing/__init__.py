"""For the tests of packages that use Gridgrad: a real server of their own, and a fake one with canned grids.

`gridgrad.testing.fixtures` has the server as pytest fixtures; pytest_plugins = ["gridgrad.testing.fixtures"] in
the top conftest.py makes them known.
"""

from __future__ import annotations

from gridgrad.frameworks.testing.canned import Grids
from gridgrad.frameworks.testing.fake import FakeClient, FakeServer
from gridgrad.frameworks.testing.local import LocalServer, local_server

__all__ = ["FakeClient", "FakeServer", "Grids", "LocalServer", "local_server"]
