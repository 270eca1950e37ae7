"""The rows of the table of functions, a module for each topic."""
