"""The notations, each with its table of operators and what its functions come to."""
