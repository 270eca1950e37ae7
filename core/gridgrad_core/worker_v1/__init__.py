"""The messages between server and worker, generated from protos/gridgrad_worker/v1 by `make proto`."""
