"""The process of the worker: its socket to the server, its logs, its end."""
