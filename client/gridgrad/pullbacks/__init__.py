"""Pull-backs: their results, and cotangents that are too large for a message."""
