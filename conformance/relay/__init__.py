"""Faults on purpose: a relay between the processes of a cluster, and what kills and restarts them.

A schedule (`schedule.py`) says who the processes are, how the links between them treat messages,
and what happens in which order. Nothing here knows what a trace is, or what Paxos is.
"""
