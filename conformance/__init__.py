"""Holds recorded traces against the TLA+ specification. Imports nothing from the implementation.

Public are the command `conformance` with its options and exit status, the schema of traces, and the
names in `__all__` of the modules that have one: reading a run (`trace.reader`, `trace.schema`), the
verdict on it (`replay.run_folder`, `replay.verdict`, `replay.report`), running TLC (`tlc.runner`,
`tlc.errors`), and where the specification is (`paths`). All else may change with any version.
"""
