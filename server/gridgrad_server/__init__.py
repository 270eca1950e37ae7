"""The server of Gridgrad: queue, batches, RPCs. It computes nothing itself and never imports torch."""
