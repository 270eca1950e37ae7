"""Functions that an operator registers: collected, called, checked."""
