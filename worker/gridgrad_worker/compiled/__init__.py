"""The compiled tier: hot expressions as machine code, made in the background and kept on disk.

`tiered.TieredEngine` puts both tiers behind one engine, and `gridgrad_worker.plans` makes one for each expression.
"""
