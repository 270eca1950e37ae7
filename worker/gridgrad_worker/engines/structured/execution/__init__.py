"""Runs plans on grids. The words of this folder:

      dim 1 ─▶                         level     the steps of a plan that depend on the same dims, run on their values
    d ┌──────────────────┬─────────┐   wave      steps of a level that run in one call: one operation, arguments ready
    i │ panel 0          │ panel 1 │   panel     a part of the grid whose levels below it are kept in memory at once
    m │ ╔════════╗       │         │   window    the part of a panel, or of like panels, that a level runs on at a time
      │ ║ window ║       │         │   register  memory that a step writes to, free again after its last reader
    0 │ ╚════════╝       │         │   product   a separated sum Σ uᵢ(dim 0)·vᵢ(dim 1): a product of two matrices
    │ ├──────────────────┼─────────┤   plane     the results of one derivative of one component, over the whole grid
    ▼ │ panel 2          │ panel 3 │   segment   what of a panel a tile of a request wants, and where it goes
      └──────────────────┴─────────┘   group     segments of one shape, of several requests, computed together

`structured_engine` makes segments and groups of tiles; `runner` runs a plan on a group: the levels below the grid
(`hoist`, in waves) on whole panels, then the grid (`levels`) window by window into the planes.
"""
