"""From plans to C++ and to a library."""
