"""How large the parts of a datagram are: what the configuration and the runtime must agree on. The
fields are those of `paxos.runtime.envelope`."""

import struct

HEADER = struct.Struct("!2sBBB8sIIQQQQQ")
TAG_BYTES = 16
HEADER_BYTES = HEADER.size + TAG_BYTES
"""What a datagram of a cluster with a key holds before its body."""
ARRAY_BYTES = 3
"""What the length of the array of messages takes, at most."""
OVERHEAD_BYTES = HEADER_BYTES + ARRAY_BYTES
"""What a datagram holds beyond its messages: the header, the tag, and the length of the array of
them."""
