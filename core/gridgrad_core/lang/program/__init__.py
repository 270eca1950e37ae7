"""Programs: the operations of an expression, built with their types, printed, and bounded."""
