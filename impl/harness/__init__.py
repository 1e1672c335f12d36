"""What runs and measures clusters: simulation, benchmark, comparison of the optimisations.

Nothing in it is public: it is used as `paxos simulate`, `paxos bench` and `paxos compare`.
"""
