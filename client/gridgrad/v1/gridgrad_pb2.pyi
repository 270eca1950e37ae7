from gridgrad_core.v1.gridgrad_pb2 import *
