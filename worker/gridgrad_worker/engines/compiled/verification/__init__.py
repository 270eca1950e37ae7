"""Compares compiled code with the direct tier before it is trusted.

`samples.py` says at which points, `error_bounds.py` how much rounding can make of each result there, by what
`function_errors.py` knows of each function, and `verify.py` judges.
"""
