"""Atomic broadcast from Multi-Paxos: a pure core, and the runtime that puts it on a network."""
