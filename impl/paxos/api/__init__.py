"""Atomic broadcast for an application: clients and learners in its own process.

What is here is imported as `paxos.Client`, `paxos.Learner` and so on. It runs the same node as the
`paxos` command does, touches no standard stream and no signal, and says what a process would say on
standard error to the logger `paxos`.
"""
