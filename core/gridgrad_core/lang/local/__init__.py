"""Sub-programs: what is computed again and again for names of its own, such as an unknown."""
