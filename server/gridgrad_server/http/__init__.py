"""HTTP: the same calls for callers without gRPC. Loaded only where --http is given."""
