"""The compiled tier: hot expressions as machine code, made in the background.

`tier.Tier` is the state machine, for every device; `cpu_compiler` and `gridgrad_worker.engines.cuda.cuda_compiler` are
what it compiles with. `tiered_engine.TieredEngine` puts both tiers of an expression behind one engine.
"""
