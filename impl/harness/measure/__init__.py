"""What `paxos compare` and `paxos bench` share: how figures are taken from run folders, and how
they are written and drawn. Nothing of the protocol or the runtime uses it."""
