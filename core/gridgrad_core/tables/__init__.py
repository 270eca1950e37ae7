"""Tables as numbers: what is a good one, and the polynomials between its knots. Takes numpy, as servers do not."""
