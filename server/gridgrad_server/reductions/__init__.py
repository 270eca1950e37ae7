"""What requests want made of grids, checked."""
