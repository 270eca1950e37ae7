"""What is asked in several requests: pull-backs of large cotangents, and derivatives by many numbers of arrays."""
