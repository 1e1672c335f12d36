"""The first judge's knowledge: the specification, transcribed into Python."""
