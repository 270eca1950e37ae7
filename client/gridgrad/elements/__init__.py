"""What is given as a whole and derived by one by one: the values of tables."""
