"""What is made of grids along some of their dims, without ever holding one: window by window, in blocks."""
