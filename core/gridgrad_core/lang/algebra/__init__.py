"""How derivatives are written down: with few operations, choices outermost, and powers of one base as one."""
