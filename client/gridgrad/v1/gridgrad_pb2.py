"""The generated messages at their public path: this name stands for the module of `gridgrad_core` itself."""

import sys

from gridgrad_core.v1 import gridgrad_pb2

sys.modules[__name__] = gridgrad_pb2
