"""The compiled tier: hot expressions as machine code, made in the background and kept on disk."""
