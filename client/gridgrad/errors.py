"""The errors of Gridgrad, at their public place; their tree is drawn in `gridgrad_core.errors`."""

from gridgrad_core.errors import *  # noqa: F403 - a facade
from gridgrad_core.errors import __all__ as __all__
