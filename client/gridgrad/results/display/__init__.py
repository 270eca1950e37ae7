"""How a result is shown: in notebooks, as figures, in a few numbers."""
