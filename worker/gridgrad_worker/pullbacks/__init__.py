"""Pull-backs: the gradient of a sum over a grid by inputs, block by block, in reverse mode."""
