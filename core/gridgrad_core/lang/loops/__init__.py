"""What engines run for an operation with a sub-program: a loop over programs of the language."""
