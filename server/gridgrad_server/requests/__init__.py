"""From the bytes of a request to what a worker is told: decoded, checked, keyed, cut into tiles."""
