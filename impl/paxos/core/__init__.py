"""The protocol, without input or output.

A role (client, proposer, acceptor, learner) is a class with explicit state. It is given messages
and ticks, with the time as an argument, and hands back a `Step`: what to make durable, what to
trace, what to deliver and what to send, to be done in that order. No socket, thread, clock, file
or random number lives here, and nothing here imports `paxos.runtime`.
"""
