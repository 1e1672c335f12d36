"""Every step of the specification's state graphs, driven through the roles of impl/paxos/core."""
