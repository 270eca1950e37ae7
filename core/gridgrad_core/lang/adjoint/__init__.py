"""Reverse mode on grids: the gradient of a weighted sum over all points, by inputs that have few dims or many."""
