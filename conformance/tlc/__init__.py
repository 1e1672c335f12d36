"""TLC as a program: where it is, how it is run, what its output says."""
