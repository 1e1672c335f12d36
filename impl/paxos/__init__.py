"""Atomic broadcast from Multi-Paxos: a pure core, and the runtime that puts it on a network.

Public are the command `paxos` with its options and exit status, the forms of configurations, and
the names in `__all__` of the modules that have one: the roles, messages and steps of `paxos.core`,
`paxos.config` and `paxos.errors`. All else may change with any version.
"""
