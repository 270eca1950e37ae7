"""The language's functions on torch tensors, with the derivatives that the table states."""
