"""What is wrong with the traces of a run as input: all of it at once, and what to write instead."""
