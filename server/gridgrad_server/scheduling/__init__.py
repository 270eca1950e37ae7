"""Admission, the queue, batches, and which worker computes what."""
