"""The engines: what computes tiles of grids."""
