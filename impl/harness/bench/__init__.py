"""`paxos bench`: how fast the cluster is, held against what the machine can do and against a peer.

The whole cluster runs as processes on multicast, each point of each table several times, by turns
with raw multicast, raw fsync and the peer (PySyncObj), so that ratios are of the same minutes on
the same machine. Every run that was traced is checked. It needs Linux: what processes use is read
in /proc. Nothing else of the implementation uses this.
"""
