"""Calls of callers on the same machine, with results in memory that both have mapped."""
