"""The functional engine: `vmap` of `jacfwd` over stacked points."""
