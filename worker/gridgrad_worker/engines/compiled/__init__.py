"""The compiled tier: hot expressions as machine code, made in the background and kept on disk.

`tiered.TieredEngine` puts both tiers behind one engine; `gridgrad_worker.worker_program` makes one for each expression.
"""
