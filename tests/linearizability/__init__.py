"""Whether a history of concurrent operations is one of a single copy: the checker of the
Jepsen-like tests, itself tested on histories that are known to be good or bad.

    python -m tests.linearizability HISTORY [-o DRAWING.svg]

The Python package index has no kept checker (Porcupine is for Go, Knossos for the JVM), so this is
one: Wing and Gong's search with Lowe's memory of configurations, a key at a time.
"""
