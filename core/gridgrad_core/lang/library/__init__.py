"""The functions whose values come from a library that is compiled where workers run."""
