"""The messages of the public API, generated from protos/gridgrad/v1 by `make proto`."""
