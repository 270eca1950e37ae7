"""Python functions made into programs: they are called once with values that write down what is done to them.

A traced value is a numpy array of nodes of the expression language. Inputs of the grid are single numbers, since
a function is applied point by point; coefficients keep the shape of their array.
"""
