"""Tests of the runtime: configuration, datagrams, sockets, traces, threads, and what the command
says of bad input."""
