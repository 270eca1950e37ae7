"""What callers give: inputs, the derivatives that they ask for, arrays of coefficients."""
