"""The structured engine: expressions, derived as programs and computed on the dims they depend on."""
