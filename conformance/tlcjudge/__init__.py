"""The second judge: the trace as data of TraceMultiPaxos.tla, which TLC steps through."""
