"""A third judge of traces, for the tests of the other two: the specification read word for word."""
