"""Benchmarks: ours beside a named peer and the physical floor, in one run."""
