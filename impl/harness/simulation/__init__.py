"""Deterministic simulation: a whole cluster in one thread, and what goes wrong in it.

The roles are the real ones, and so are the wire encoding, the clocks and the storage; the network,
the time and the faults are made from a seed, and one seed is one run, byte for byte. Every event is
replayed against the specification as it happens. A user of both halves of the project: it imports
`conformance`, and nothing but the command line imports it.
"""
