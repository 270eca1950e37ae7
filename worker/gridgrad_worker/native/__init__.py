"""Machine code: the compiler that is there, what it is run for, and where what it makes is kept."""
