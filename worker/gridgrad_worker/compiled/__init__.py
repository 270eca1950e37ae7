"""The compiled tier: hot expressions as machine code, made in the background and kept on disk.

`tiered.TieredEngine` puts both tiers behind one engine. Workers do not use it yet: `gridgrad_worker.plans`
makes engines of the direct tier alone.
"""
