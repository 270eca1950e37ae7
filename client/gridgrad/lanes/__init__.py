"""Bound calls that go to a worker and back in memory that it shares with the caller."""
