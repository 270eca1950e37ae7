"""The messages of the public API, at their public place; the code is generated into `gridgrad_core.v1`."""

from gridgrad_core.v1 import gridgrad_pb2 as gridgrad_pb2

__all__ = ["gridgrad_pb2"]
