"""Transports: what carries messages between the server and a worker, on this machine or in a cluster."""
