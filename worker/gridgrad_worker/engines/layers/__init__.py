"""The engine of layers: the jets of all points go through a network's operations as matrix products."""
