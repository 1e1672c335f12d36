"""How many messages in a row it took from a broadcast to a delivery, at least.

Usage: delays.py FOLDER...
"""

import sys
from pathlib import Path

from conformance.trace.message_delays import delays_of

for name in sys.argv[1:]:
    print(f"{name:>6}  {min(delays_of(Path(name)))} message delays")
