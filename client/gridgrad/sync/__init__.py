"""The client for threads: `gridgrad.Client`."""
