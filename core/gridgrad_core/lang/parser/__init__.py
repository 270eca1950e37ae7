"""From text to a program, with the place and the remedy of every mistake."""
