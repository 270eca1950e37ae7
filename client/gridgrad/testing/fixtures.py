"""The server of `local_server` as pytest fixtures, at their public place.

pytest_plugins = ["gridgrad.testing.fixtures"] in the top conftest.py makes them known.
"""

from gridgrad.frameworks.testing.fixtures import *  # noqa: F403 - a facade
from gridgrad.frameworks.testing.fixtures import __all__ as __all__
