"""Where the core meets the world: sockets, threads, clocks, files.

A node drives one role of `paxos.core`. It does what the role's steps ask for in their order: make
durable, write the trace, deliver, send. No rule of the protocol lives here.
"""
